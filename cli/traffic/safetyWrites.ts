import { hex } from "../../decisions/release/digest";
import { parameters as paths } from "../../decisions/stack/names";
import type { BrakeOrder } from "../../decisions/traffic/brakeOrder";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { withinTime } from "../shell/wait";
import { killSwitchOn } from "./killSwitch";

/** Longest wait for the parameters before the rule moves without them, milliseconds. */
const patience = 2_000;

/** A parameter that keeps the bad release from coming back: a refused digest, or the kill switch. */
export interface SafetyWrite {
  path: string;
  value: string;
}

/** What has to be written for an order, the refusals first. */
export function safetyWrites(ctx: Context, order: BrakeOrder): SafetyWrite[] {
  const { stack, options, clock } = ctx;
  const at = clock.now().toISOString();
  const { reason, badDigests, stopWorkers } = order;
  const { actor, incident } = options;
  const refusals = badDigests.map((bad) => ({
    path: paths.refused(stack, hex(bad)),
    value: JSON.stringify({ digest: bad, reason, actor, ...(incident && { incident }), at }),
  }));
  return [...refusals, { path: paths.killSwitch(stack), value: killSwitchOn(ctx, stopWorkers, reason) }];
}

/**
 * Writes what is left and returns what could not be written, which the caller tries again. A store that does not answer
 * must not keep traffic on a bad release for longer than `patience`.
 */
export async function writeSafety(
  { parameters, output }: Context,
  writes: readonly SafetyWrite[],
): Promise<SafetyWrite[]> {
  const results = await Promise.allSettled(
    writes.map(({ path, value }) => withinTime(parameters.put(path, value), patience)),
  );
  return writes.filter((write, index) => {
    const result = results[index];
    if (result?.status !== "rejected") return false;
    output.warn(`${write.path} could not be written, which is tried again: ${messageOf(result.reason)}`);
    return true;
  });
}
