import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { takenBack } from "../observe/canaryFigures";
import type { Context } from "../context";
import { allow, bringLive, digestOf, recordOf, unseenByStaging } from "./releases";
import type { Figures } from "../scenario";

/** What a bad canary may cost at most. */
export interface Bars {
  /** First canary request to verdict, seconds. */
  detectSeconds?: number;
}

/** Verdict to the last request on the bad release, seconds, beyond what the load balancer itself took. */
const brakeBeyondPropagation = 1;

/**
 * Puts a bad version before people by a canary, under load, and checks that it is rolled back by itself: the release before
 * serves and is validated again, the digest is refused, nothing of the brake is left.
 */
export async function badCanary(context: Context, version: string, bars: Bars = {}): Promise<Figures> {
  const good = await liveWith(context, version);
  const digest = digestOf(context, version);
  if (await context.refused("prod", digest)) await allow(context, "prod", version);
  const load = context.load("prod", 100);
  await sleep(3000);
  const result = await context.expect(5, "deploy", { VERSION: version, ...unseenByStaging });
  await load.stop();
  await isServedBy(context, good, digest);
  const figures = await takenBack(context, load, result, version);
  const { detectSeconds, brakeSeconds, propagationSeconds } = figures as Record<string, number>;
  const say = (figure: string, value = 0, most = 0) =>
    assert.ok(value <= most, `${figure} is ${value.toFixed(1)}; at most ${most.toFixed(1)} is allowed`);
  if (bars.detectSeconds !== undefined) say("detectSeconds", detectSeconds, bars.detectSeconds);
  say("brakeSeconds", brakeSeconds, (propagationSeconds ?? 0) + brakeBeyondPropagation);
  return figures;
}

/** What is live if its database is at the revision that a version needs, else the good release that brings it there. */
async function liveWith(context: Context, version: string): Promise<string> {
  const { revision } = recordOf(context, version);
  const now = await context.published("prod");
  const live = now?.slots[now.live];
  if (live && now.validated === digestOf(context, live.version) && now.migration?.revision === revision)
    return live.version;
  const good = ["1.0.0", "1.1.0", "1.2.0"].find((one) => recordOf(context, one).revision === revision);
  assert.ok(good, `no good release needs revision ${revision}`);
  await bringLive(context, good);
  return good;
}

/** `good` is live and validated, all traffic is its own, and what was bad is refused; the brake has left nothing behind. */
export async function isServedBy(context: Context, good: string, refused?: string): Promise<void> {
  const published = await context.published("prod");
  assert.equal(published?.slots[published.live]?.version, good, `${good} must serve again`);
  assert.equal(published.validated, digestOf(context, good), "and be validated again");
  assert.equal(published.canaryWeight, 0, "nobody may meet the other slot");
  if (refused !== undefined)
    assert.ok(await context.refused("prod", refused), "the bad digest must be refused");
  const left = await context.parameters("prod");
  for (const name of ["kill-switch", "lease"]) assert.ok(!left.has(name), `${name} must be gone`);
}
