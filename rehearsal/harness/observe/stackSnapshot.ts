import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Release } from "../../../decisions/stack/config";
import { type Slot, labels, other } from "../../../decisions/stack/names";
import type { Context, Stack } from "../context";
import { places } from "../machine/environment";
import { digestOf } from "../act/releases";

/** The whole state of a stack between two commands, so that one can be compared with another. */

interface Deployments {
  items: { metadata: { name: string }; spec: { replicas: number }; status: { readyReplicas?: number } }[];
}
interface Pods {
  items: {
    metadata: { labels: Record<string, string>; deletionTimestamp?: string };
    spec: { containers: { image: string }[] };
    status: { phase: string };
  }[];
}

/** Whether later programs or people read a parameter; verdicts, overrides and audit entries are only kept for the record. */
const isState = (name: string): boolean => !/^(evidence\/(?!validated)|audit\/)/.test(name);

/**
 * Everything that a command leaves behind: parameters, rule weights, stack file, workloads, running pods by digest, locks and
 * pending operations. Serials and times are left out, and slots and releases are named by their role, so that two runs with
 * different releases compare equal.
 * @param parts version to its role
 */
export async function stackSnapshot(
  context: Context,
  stack: Stack,
  parts: Record<string, string>,
): Promise<unknown> {
  const published = await context.published(stack);
  const live: Slot = published?.live ?? "blue";
  const parameters = [...(await context.parameters(stack))].filter(([name]) => isState(name));
  const { "deployment-safety:release": inFile, ...file } = context.config(stack);
  const rules = (await context.rules(stack)).map(({ Actions }) => Actions);
  const state = {
    parameters: Object.fromEntries(parameters.map(([name, value]) => [name, known(name, value)])),
    file,
    fileAgrees: JSON.stringify(inFile) === JSON.stringify(published),
    rules,
    ...(await workloads(context, stack)),
    locks: locks(context),
    pending: pendingOperations(context, stack),
  };
  const digests = Object.entries(parts).map(([version, part]) => [digestOf(context, version).slice(7), part]);
  const renamed = Object.entries({
    ...Object.fromEntries(digests),
    ...parts,
    [live]: "live",
    [other(live)]: "idle",
  } as Record<string, string>).reduce(
    (text, [name, part]) => text.replaceAll(name, part),
    JSON.stringify(state),
  );
  // Random names of moto are not compared.
  return JSON.parse(renamed.replace(/\/[0-9a-f]{16}\b/g, ""), sorted);
}

/** A parameter's value without the parts that differ from run to run. */
function known(name: string, value: string): unknown {
  // The last migration may have used any image that knows the revision.
  const migrated = ({ migration, ...release }: Release) => ({ ...release, revision: migration?.revision });
  if (name === "release") return { ...migrated(JSON.parse(value) as Release), serial: 0 };
  return /^(refused|evidence|lease|kill-switch)/.test(name) ? "is there" : value;
}

async function workloads(context: Context, stack: Stack): Promise<{ deployments: unknown; pods: unknown }> {
  const get = async <T>(kind: string): Promise<T> => {
    const answer = await context.run(["kubectl", "-n", `school-${stack}`, "get", kind, "-o", "json"]);
    return JSON.parse(answer.stdout) as T;
  };
  const [deployments, pods] = [await get<Deployments>("deployments"), await get<Pods>("pods")];
  const alive = pods.items.filter(
    ({ metadata, status }) => !metadata.deletionTimestamp && status.phase === "Running",
  );
  const counted: Record<string, number> = {};
  for (const { metadata, spec } of alive) {
    const kind = `${metadata.labels[labels.component] ?? "?"} ${spec.containers[0]?.image ?? "?"}`;
    counted[kind] = (counted[kind] ?? 0) + 1;
  }
  return {
    deployments: Object.fromEntries(
      deployments.items.map(({ metadata, spec, status }) => [
        metadata.name,
        { replicas: spec.replicas, ready: status.readyReplicas ?? 0 },
      ]),
    ),
    pods: counted,
  };
}

const locks = (context: Context): number =>
  readdirSync(join(places(context.home).state, ".pulumi", "locks"), { recursive: true }).filter((name) =>
    String(name).endsWith(".json"),
  ).length;

function pendingOperations(context: Context, stack: Stack): number {
  const file = join(places(context.home).state, ".pulumi/stacks/deployment-safety", `${stack}.json`);
  const { checkpoint } = JSON.parse(readFileSync(file, "utf8")) as {
    checkpoint: { latest?: { pending_operations?: unknown[] } };
  };
  return checkpoint.latest?.pending_operations?.length ?? 0;
}

/** A reviver that sorts keys and lists, because slots are ordered by name and roles are not, and drops other runs' releases. */
function sorted(_key: string, value: unknown): unknown {
  const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  if (Array.isArray(value)) return value.toSorted(byText);
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([name]) => !/^evidence\/validated\/[0-9a-f]{64}$/.test(name));
  return Object.fromEntries(kept.toSorted(byText));
}
