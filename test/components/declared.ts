import { type Output, runtime } from "@pulumi/pulumi";

/** Runs declarations under Pulumi's mocks and gives what they would have sent to the engine. */

/** One resource as it is sent to the engine. */
export interface Declared {
  type: string;
  /** Logical name. */
  name: string;
  urn: string;
  inputs: Record<string, unknown>;
  /** Inputs and what the provider would compute. */
  outputs: Record<string, unknown>;
  /** URNs of the resources that each property was made from. */
  references: Record<string, string[]>;
  /** Logical names of what it waits for, components included. */
  dependsOn: string[];
  /** Logical name of its parent; "" for the stack. */
  parent: string;
  protect: boolean;
  /** Create time-out, as it was given; "" for the provider's own. */
  createTimeout: string;
}

/** What the invokes answer: token -> answer to its arguments. An answer may be an error to throw. */
export type Answers = Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>;

/** The wire's request, as far as it is looked at here. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProtect(): boolean;
  getDependenciesList(): string[];
  getPropertydependenciesMap(): {
    forEach(each: (value: { getUrnsList(): string[] }, key: string) => void): void;
  };
  getCustomtimeouts(): { getCreate(): string } | undefined;
}

interface Monitor {
  registerResource(
    request: Request,
    done: (error: unknown, response?: { getUrn(): string }) => void,
  ): unknown;
}

export const stack = "prod";
const account = "eu-central-1:123456789012";

/** What the provider would compute: enough for whatever is built from an output. */
function computed(type: string, name: string, inputs: Record<string, unknown>): Record<string, unknown> {
  if (type === "aws:lb/targetGroup:TargetGroup")
    return { arn: `arn:aws:elasticloadbalancing:${account}:targetgroup/${String(inputs.name)}/0a1b` };
  return { arn: `arn:aws:test:${account}:${name}`, name: inputs.name ?? name };
}

/** Declares what `program` declares, waits until all of it is registered, and gives it by logical name. */
export async function declare(program: () => unknown, answers: Answers = {}): Promise<Map<string, Declared>> {
  const declared = new Map<string, Declared>();
  const inputsOf = new Map<string, Record<string, unknown>>();
  const outputsOf = new Map<string, Record<string, unknown>>();
  await runtime.setMocks(
    {
      newResource: ({ type, name, inputs, id }) => {
        const given = inputs as Record<string, unknown>;
        inputsOf.set(name, given);
        const state = { ...given, ...computed(type, name, given), ...answers[type]?.(given) };
        outputsOf.set(name, state);
        return { id: id ?? `${name}-id`, state };
      },
      call: ({ token, inputs }) => {
        const answer = answers[token];
        if (!answer) throw new Error(`no answer is prepared for ${token}`);
        return answer(inputs as Record<string, unknown>);
      },
    },
    "deployment-safety",
    stack,
    false,
    "organization",
  );
  record(runtime.getMonitor() as unknown as Monitor, { inputsOf, outputsOf }, declared);
  await program();
  // Returns once nothing is under way any more, so that a resource that is absent now is absent for good.
  await runtime.disconnect();
  return declared;
}

const lastOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** Properties with the URNs of what they were made from. */
function referencesOf(request: Request): Record<string, string[]> {
  const references: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((value, key) => {
    references[key] = value.getUrnsList();
  });
  return references;
}

function record(
  monitor: Monitor,
  { inputsOf, outputsOf }: Record<"inputsOf" | "outputsOf", Map<string, Record<string, unknown>>>,
  into: Map<string, Declared>,
): void {
  const original = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, done) =>
    original(request, (error, response) => {
      const name = request.getName();
      if (!error)
        into.set(name, {
          type: request.getType(),
          name,
          urn: response?.getUrn() ?? "",
          inputs: inputsOf.get(name) ?? {},
          outputs: outputsOf.get(name) ?? {},
          references: referencesOf(request),
          dependsOn: request.getDependenciesList().map(lastOf),
          parent: request.getParent() === "" ? "" : lastOf(request.getParent()),
          protect: request.getProtect(),
          createTimeout: request.getCustomtimeouts()?.getCreate() ?? "",
        });
      done(error, response);
    });
}

/** The value of an output; a test that awaits it cannot pass without it. */
export const promiseOf = <T>(value: Output<T>): Promise<T> =>
  new Promise((resolve) => value.apply((known) => resolve(known)));

/** The resource of that logical name. Throws with the names that there are. */
export function named(declared: Map<string, Declared>, name: string): Declared {
  const found = declared.get(name);
  if (!found)
    throw new Error(`${name} is not declared; there are: ${[...declared.keys()].sort().join(", ")}`);
  return found;
}
