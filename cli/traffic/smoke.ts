import type { Release, Settings } from "../../decisions/stack/config";
import { type Slot } from "../../decisions/stack/names";
import { digestIn } from "../../decisions/release/digest";
import { exposedDigests } from "../../decisions/release/trafficWeights";
import type { Context } from "../shell/context";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import type { Answer, Ask } from "../ports/traffic";
import { redactText } from "../shell/redact";

/** One smoke request and how it went. */
export interface SmokeResult {
  name: string;
  ok: boolean;
  milliseconds?: number;
  /** What was wrong. */
  problem?: string;
}

/** Seconds within which a changed listener rule must have reached every worker of the load balancer. */
const propagationSeconds = 10;
/** Pause before the same request is sent again, milliseconds. */
const askPause = 200;

/**
 * Sends the smoke requests, to `slot` through its test rule or, without one, as users do. An answer of another release,
 * of a paused rule or of the load balancer itself is asked again for a while, because a changed rule reaches the load
 * balancer's workers one after the other; what the expected release answers counts at once.
 */
export async function smoke(ctx: Context, release: Release, slot: Slot | undefined): Promise<SmokeResult[]> {
  const expected = expectedDigests(release, slot);
  const results: SmokeResult[] = [];
  for (const expectation of ctx.settings.smoke) {
    const { name, method, path, headers, body } = expectation;
    const ask: Ask = {
      method,
      path,
      headers,
      timeout: 5000,
      body,
      ...(slot ? { slot } : {}),
    };
    results.push({ name, ...(await judge(ctx, ask, expectation, expected)) });
  }
  return results;
}

/** {@link smoke} as a step of a command; throws with every failed request. */
export async function smokeStep(ctx: Context, release: Release, slot: Slot | undefined): Promise<void> {
  const where = slot ? `slot ${slot}` : "live traffic";
  await ctx.output.step("smoke", `smoke tests on ${where}`, async (entry) => {
    const results = await smoke(ctx, release, slot);
    entry.requests = results.length;
    const failed = results.filter((result) => !result.ok);
    if (failed.length > 0)
      throw new Failure(
        exitCodes.rolledBack,
        [
          `${failed.length} of ${results.length} smoke tests on ${where} failed:`,
          ...failed.map((result) => `  ${result.name}: ${result.problem ?? "failed"}`),
        ].join("\n"),
        { details: { smoke: results } },
      );
  });
}

/** Digests that may answer: the slot's, or those of the slots that have traffic. */
function expectedDigests(release: Release, slot: Slot | undefined): string[] {
  const held = slot && digestIn(release, slot);
  return slot ? (held ? [held] : []) : exposedDigests(release);
}

async function judge(
  ctx: Context,
  ask: Ask,
  expectation: Settings["smoke"][number],
  expected: string[],
): Promise<Omit<SmokeResult, "name">> {
  const now = () => ctx.clock.now().getTime();
  const until = now() + propagationSeconds * 1000;
  for (;;) {
    let problem: string;
    try {
      const answer = await ctx.traffic.ask(ask);
      if (answer.release !== undefined && expected.includes(answer.release)) {
        const wrong = mismatch(answer, expectation);
        const milliseconds = Math.round(answer.milliseconds);
        return wrong ? { ok: false, milliseconds, problem: wrong } : { ok: true, milliseconds };
      }
      problem = answer.paused
        ? "traffic is paused"
        : `${answer.release ? `release ${answer.release} answered` : `status ${answer.status} without the header X-Release`}, expected ${expected.join(" or ")}`;
    } catch (error) {
      problem = messageOf(error);
    }
    if (now() > until) return { ok: false, problem: `${problem} (tried for ${propagationSeconds} s)` };
    await ctx.clock.wait(askPause, ctx.signal);
  }
}

/** What an answer lacks; undefined when it is as expected. */
export function mismatch(
  answer: Pick<Answer, "status" | "body">,
  expectation: Pick<Settings["smoke"][number], "status" | "contains">,
): string | undefined {
  if (answer.status !== expectation.status)
    return `status ${answer.status}, expected ${expectation.status}: ${redactText(answer.body).slice(0, 200)}`;
  if (expectation.contains !== undefined && !answer.body.includes(expectation.contains))
    return `the body does not contain ${JSON.stringify(expectation.contains)}: ${redactText(answer.body).slice(0, 200)}`;
  return undefined;
}
