import assert from "node:assert/strict";
import { FlagdCore } from "@openfeature/flagd-core";
import { bucketOf } from "../decisions/flags";
import { parameters } from "../decisions/names";
import type { Context, Stack } from "./context";

/** What a flag's parameter has said over time, and who of a thousand people has the flag by it. */

interface Definition {
  targeting?: object;
  metadata: Record<string, string>;
}

export interface Published {
  /** Milliseconds since 1970. */
  at: number;
  definition: Definition;
  /** Why it was off; undefined: it was on as configured. */
  off: string | undefined;
}

/** Everything that was ever published of a flag, oldest first. */
export async function publishedOver(context: Context, stack: Stack, flag: string): Promise<Published[]> {
  const values = await context.valuesOf(parameters.flag(stack, flag));
  assert.ok(values.length > 0, `${flag} was never published on ${stack}`);
  return values.map(({ value, at }) => {
    const definition = JSON.parse(value) as Definition;
    return { at, definition, off: definition.metadata.off };
  });
}

/** Those of a thousand people without a role who have the flag, by flagd's own evaluator. */
export function peopleWith(flag: string, { definition }: Published): Set<number> {
  const core = new FlagdCore();
  core.setConfigurations(JSON.stringify({ flags: { [flag]: definition } }));
  const has = (targetingKey: string) => {
    const person = { targetingKey, bucket: bucketOf(flag, targetingKey) };
    return core.resolveBooleanEvaluation(flag, false, person, console).value;
  };
  return new Set(Array.from({ length: 1000 }, (_, n) => n).filter((n) => has(`person-${n}`)));
}

/** Why the flag was off, as it was published over time. */
export const reasonsOff = async (context: Context, stack: Stack, flag: string) =>
  (await publishedOver(context, stack, flag)).map(({ off }) => off);

/** When the Job began that takes a stack's database down from a revision; a Job's time has whole seconds, so at the latest. */
export async function downgradeBegan(context: Context, stack: Stack, from: string): Promise<number> {
  const { stdout } = await context.run(["kubectl", "-n", `school-${stack}`, "get", "jobs", "-o", "json"]);
  const { items } = JSON.parse(stdout) as { items: { metadata: Record<string, string> }[] };
  const job = items.find(({ metadata }) => metadata.name?.startsWith(`downgrade-${from}`));
  assert.ok(job, `there must be a Job that takes ${stack} down from ${from}`);
  return Date.parse(job.metadata.creationTimestamp ?? "") + 1000;
}
