import type { Context } from "../../cli/shell/context";
import { systemClock } from "../../cli/ports/clock";
import type { Route } from "../../cli/ports/loadBalancer";
import type { Routing } from "../../decisions/traffic/routing";
import type { Parameters } from "../../cli/ports/parameters";
import type { Answer } from "../../cli/ports/traffic";
import type { Output, OutputStep } from "../../cli/shell/output";
import { settingsWith } from "../decisions/samples";
import { served } from "../decisions/samples";

/** A parameter store in memory, with the one promise that the lease needs: `create` never overwrites. */
export function memoryParameters(
  values = new Map<string, string>(),
): Parameters & { values: Map<string, string> } {
  return {
    values,
    readAll: async (root) => new Map([...values].filter(([path]) => path.startsWith(root))),
    read: async (path) => values.get(path),
    put: async (path, value) => void values.set(path, value),
    create: async (path, value) => {
      if (values.has(path)) return false;
      values.set(path, value);
      return true;
    },
    remove: async (path) => void values.delete(path),
  };
}

/** An output that keeps what was said, printed and set. */
export function quietOutput() {
  const said: string[] = [];
  const printed: string[] = [];
  const steps: OutputStep[] = [];
  const fields: Record<string, unknown> = {};
  return {
    said,
    printed,
    startedAt: 0,
    steps,
    fields,
    say: (line) => void said.push(line),
    warn: (line) => void said.push(line),
    async step(kind, name, action) {
      const entry: OutputStep = { kind, name, from: 0, ok: false };
      said.push(name);
      steps.push(entry);
      const result = await action(entry);
      entry.ok = true;
      return result;
    },
    print: (text) => void printed.push(text),
    paint: (_, text) => text,
    set: (field, value) => void (fields[field] = value),
    next: () => undefined,
    end: () => 0,
  } satisfies Output & { said: string[]; printed: string[] };
}

/** What the fake cloud answers with; a test changes it as it goes. */
export interface FakeCloud {
  routing: Routing;
  healthy: number;
  /** What a request to a slot's test rule, or to the rule itself, gets. */
  answer: (slot: "blue" | "green" | undefined) => Partial<Answer> | Error;
  /** Routings that were set, in order. */
  sets: Routing[];
}

const route: Omit<Route, "routing"> = {
  ruleArn: "arn:rule",
  targetGroupArns: { blue: "arn:blue", green: "arn:green" },
};

/** A context over memory, as far as brake, verification and smoke tests need one. */
export function fakeContext(cloud: FakeCloud): Context & {
  parameters: ReturnType<typeof memoryParameters>;
  output: ReturnType<typeof quietOutput>;
} {
  const context = {
    command: "rollback",
    stack: "prod",
    options: { actor: "ada" },
    output: quietOutput(),
    signal: new AbortController().signal,
    settings: settingsWith(served()),
    parameters: memoryParameters(),
    clock: systemClock,
    traffic: {
      ask: async ({ slot }: { slot?: "blue" | "green" }) => {
        const answer = cloud.answer(slot);
        if (answer instanceof Error) throw answer;
        return { status: 200, body: "", paused: false, milliseconds: 1, ...answer };
      },
    },
    loadBalancer: {
      route: async () => ({ ...route, routing: cloud.routing }),
      targets: async () => ({ total: 3, healthy: cloud.healthy }),
      set: async (_: Route, routing: Routing) => {
        const isChange = JSON.stringify(cloud.routing) !== JSON.stringify(routing);
        cloud.routing = routing;
        if (isChange) cloud.sets.push(routing);
        return isChange;
      },
    },
  };
  // Only the parts above are touched by what is tested with it.
  return context as unknown as ReturnType<typeof fakeContext>;
}
