import assert from "node:assert/strict";
import { FlagdCore } from "@openfeature/flagd-core";
import { bucketOf } from "../../../decisions/flags/flags";
import { parameters } from "../../../decisions/stack/names";
import type { Context, Stack } from "../context";

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

/** Whether a command's downgrade had published a flag before its Job began, by what the engine said as it went. */
export function isOffBeforeDowngrade({ stderr }: { stderr: string }, flag: string): boolean {
  const downgrade = stderr.slice(stderr.indexOf("> downgrade: pulumi up"));
  const published = downgrade.indexOf(`Parameter flags-${flag} updated`);
  return published > 0 && published < downgrade.search(/Job \S+ creating/);
}
