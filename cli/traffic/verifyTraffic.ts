import type { Context } from "../shell/context";
import { secondsSinceStart } from "../shell/output";

/** Answers in a row, each over a connection of its own, that must be right. */
const inARow = 40;
/** Span that they must cover, milliseconds: a changed rule takes up to 2 s to reach every worker of the load balancer. */
const span = 2_200;
/** After this many seconds the traffic is called unverified. */
const limitSeconds = 15;

/** What the probes saw. */
export interface Verification {
  verified: boolean;
  probes: number;
  /** Answers of anything but what was wanted. */
  wrong: number;
  /** Seconds after the command was typed when the last wrong answer came; absent when none did. */
  lastWrongAt?: number;
  /** Digest (or `paused`, `none`) of each kind of answer, counted. */
  seen: Record<string, number>;
}

/** What traffic is wanted: answers of this digest only, or the paused rule's. */
export type Wanted = { digest: string } | { paused: true };

/** Asks through the load balancer, as users do, until only the wanted answers come: data, not the API's word. */
export async function verifyTraffic(
  ctx: Pick<Context, "traffic" | "signal" | "clock">,
  wanted: Wanted,
): Promise<Verification> {
  const result: Verification = { verified: false, probes: 0, wrong: 0, seen: {} };
  const now = () => ctx.clock.now().getTime();
  const until = now() + limitSeconds * 1000;
  let right = 0;
  let firstRight = 0;
  while (now() < until) {
    let kind: string;
    try {
      const answer = await ctx.traffic.ask({ path: "/live" });
      kind = answer.paused ? "paused" : (answer.release ?? `status ${answer.status}`);
    } catch {
      kind = "no answer";
    }
    result.probes++;
    result.seen[kind] = (result.seen[kind] ?? 0) + 1;
    if (kind === ("digest" in wanted ? wanted.digest : "paused")) {
      if (right++ === 0) firstRight = now();
      if (right >= inARow && now() - firstRight >= span) return { ...result, verified: true };
    } else {
      right = 0;
      result.wrong++;
      result.lastWrongAt = secondsSinceStart();
    }
    await ctx.clock.wait(span / inARow, ctx.signal);
  }
  return result;
}
