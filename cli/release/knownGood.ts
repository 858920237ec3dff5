import { hex, liveDigest } from "../../decisions/release/digest";
import { parameters as paths } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import type { Operation } from "../stack/operation";

/** Writes down that the live digest passed its validation here: from now on it may be gone back to. */
export async function recordValidated({ ctx, current }: Pick<Operation, "ctx" | "current">): Promise<void> {
  const live = liveDigest(current);
  if (live !== undefined && current.validated === live)
    await recordKnownGood(ctx, live, current.slots[current.live]?.version ?? "", current.serial);
}

/** Evidence that a digest is known good here; the program admits a switch only to a digest that has it. */
export async function recordKnownGood(
  ctx: Context,
  digest: string,
  version: string,
  serial: number,
): Promise<void> {
  const evidence = { digest, version, serial, at: ctx.clock.now().toISOString() };
  await ctx.parameters.put(paths.evidence(ctx.stack, "validated", hex(digest)), JSON.stringify(evidence));
}
