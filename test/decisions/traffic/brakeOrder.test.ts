import { describe, expect, it } from "vitest";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { quickOrder } from "../../../decisions/traffic/brakeOrder";
import type { Routing } from "../../../decisions/traffic/routing";
import { after, deployed, digestOf, served } from "../samples";

/** 1.1.0 in blue, 1.2.0 in green; live is 1.2.0. */
const two = after(served(), 2);
const open = (blue: number, green: number): Routing => ({ traffic: "open", weights: { blue, green } });
const order = (
  more: Partial<Parameters<typeof quickOrder>[0]> & { routing?: Routing; version?: string } = {},
) =>
  quickOrder(
    { release: two, validated: new Set([digestOf(1), digestOf(2)]), refused: new Map(), ...more },
    more.routing ?? open(0, 100),
    more.version ?? "1.1.0",
    "it fails",
  );

describe("quickOrder", () => {
  it("moves all traffic to the standby that holds the version, refuses the other digest and stops its workers", () =>
    expect(order()).toEqual({
      good: "blue",
      goodDigest: digestOf(1),
      badDigests: [digestOf(2)],
      stopWorkers: ["green"],
      reason: "it fails",
    }));
  it("takes a canary's share back when the live slot holds the version", () => {
    const canary = deployed(served(), 2)[2];
    expect(order({ release: canary, routing: open(90, 10) })).toMatchObject({
      good: "blue",
      badDigests: [digestOf(2)],
    });
  });
  it("follows the rule, not only what was published: an update under way may have moved the weight", () => {
    const loaded = deployed(served(), 2)[3];
    expect(order({ release: loaded, routing: open(90, 10) })).toMatchObject({ good: "blue" });
    expect(order({ release: loaded, routing: open(100, 0) })).toBeUndefined();
  });
  it("does not act on a version that no slot holds", () =>
    expect(order({ version: "9.9.9" })).toBeUndefined());
  it("does not act on a digest that was never validated here", () =>
    expect(order({ validated: new Set([digestOf(2)]) })).toBeUndefined());
  it("does not act on a refused digest", () =>
    expect(
      order({
        refused: new Map([
          [digestOf(1), { digest: digestOf(1), reason: "bad", actor: "ada", at: "2026-11-24" }],
        ]),
      }),
    ).toBeUndefined());
  it("leaves a pause alone: somebody stopped the traffic for a reason", () =>
    expect(order({ release: releaseAfter.pause(two), routing: { traffic: "paused" } })).toBeUndefined());
  it("does nothing before the first release", () => expect(order({ release: undefined })).toBeUndefined());
});
