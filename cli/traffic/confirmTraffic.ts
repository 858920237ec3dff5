import { sameRouting, type Routing } from "../../decisions/traffic/routing";
import type { Context } from "../shell/context";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import { verifyTraffic, type Wanted } from "./verifyTraffic";

/** When requests are sent to see who serves, with the words for people. */
const moments = {
  brake: "after the brake",
  promotion: "after the promotion",
  rollback: "at the end",
  opening: "after opening",
  pause: "after the pause",
  update: "after the update",
} as const;

/** What has to answer, and when it is asked. */
export interface Expected {
  routing: Routing;
  /** Digest that has to answer unless `routing` is paused. */
  digest: string;
  after: keyof typeof moments;
}

/** Verifies by requests that only what should answer does; throws rollback failed (6). */
export async function confirmTraffic(ctx: Context, { routing, digest, after }: Expected): Promise<void> {
  const wanted: Wanted = sameRouting(routing, { traffic: "paused" }) ? { paused: true } : { digest };
  const kind = after === "brake" ? "verify-brake" : "verify-traffic";
  await ctx.output.step(kind, `verify by requests, ${moments[after]}`, async (entry) => {
    const result = await verifyTraffic(ctx, wanted);
    Object.assign(entry, result);
    if (!result.verified)
      throw new Failure(
        exitCodes.rollbackFailed,
        `Requests are still answered by something else than ${"digest" in wanted ? wanted.digest : "the pause"}: ${JSON.stringify(result.seen)}.`,
      );
  });
}

/** {@link confirmTraffic} right after the brake: what it finds is said, but the rollback goes on either way. */
export async function confirmBrake(ctx: Context, routing: Routing, digest: string): Promise<void> {
  try {
    await confirmTraffic(ctx, { routing, digest, after: "brake" });
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.output.warn(messageOf(error));
  }
}
