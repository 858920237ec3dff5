import { describe, expect, it } from "vitest";
import { admit, type Admission } from "../../../decisions/release/admission";
import type { Release } from "../../../decisions/stack/config";
import { leaseState, type Lease } from "../../../decisions/stack/lease";
import { emptyRelease, releaseAfter } from "../../../decisions/release/nextRelease";
import { after, digestOf, facts, served } from "../samples";

const one = served();
const two = after(one, 2);
const now = new Date("2026-11-24T12:00:00Z");
const lease: Lease = {
  id: "a1",
  operation: "deploy",
  version: "1.2.0",
  actor: "ada",
  host: "ci-7",
  pid: 42,
  since: "2026-11-24T11:58:00Z",
  heartbeat: "2026-11-24T11:59:50Z",
};
const ask = (more: Partial<Admission>) => admit({ published: two, next: two, facts: facts(), now, ...more });
const reasons = (more: Partial<Admission>) => {
  const result = ask(more);
  return result.ok ? result.step : result.reasons.join("\n");
};

describe("admit", () => {
  it("takes the published release again, whatever the order of its keys, so a plain `pulumi up` changes nothing", () => {
    const reordered = Object.fromEntries(Object.entries(two).reverse()) as Release;
    expect(ask({ next: reordered })).toEqual({ ok: true, step: "same" });
  });
  it("takes one legal step", () =>
    expect(ask({ next: releaseAfter.emptyIdle(two) })).toEqual({ ok: true, step: "empty-idle" }));
  it("takes a first run with serial 0 and nothing", () =>
    expect(ask({ published: undefined, next: emptyRelease() })).toEqual({ ok: true, step: "first" }));
  it("refuses another release under the published serial, with every difference", () =>
    expect(reasons({ next: { ...two, canaryWeight: 5, traffic: "paused" } })).toMatch(
      /`release.canaryWeight` is 5, published is 0; `release.traffic` is "paused", published is "open"/,
    ));
  it("refuses a file that is behind, and says what to run", () =>
    expect(reasons({ next: one })).toBe(
      "`release.serial` is 3: this file is behind update with serial 8. If it was reverted to go back, run `make apply` (`make rollback UPDATE=serial:3` does the same); if it is only old, run `make sync`, which writes the published release into it.",
    ));
  it("refuses a file that leaps ahead", () =>
    expect(reasons({ next: { ...two, serial: 12 } })).toContain("allowed is 9"));
  it("refuses to put traffic back on a digest that was refused meanwhile", () =>
    expect(reasons({ facts: facts({ refused: new Set([digestOf(2)]) }) })).toMatch(
      /release.slots.green` has 100 %.*make rollback/,
    ));
  it("says who refused a digest, when, why and for which incident", () => {
    const whyRefused = new Map([[digestOf(2), "refused by ada at noon for incident inc-7: 5xx"]]);
    expect(reasons({ facts: facts({ refused: new Set([digestOf(2)]), whyRefused }) })).toContain(
      "never gets traffic: refused by ada at noon for incident inc-7: 5xx. Deploy another version",
    );
  });
  it("refuses while somebody else's lease lives: who, since when, what to do", () =>
    expect(reasons({ lease })).toMatch(
      /deploy of 1.2.0 by ada on ci-7 \(process 42\) since 2026-11-24T11:58:00Z.*make status/,
    ));
  it("goes on under its own lease, and beside a dead one", () => {
    expect(ask({ lease, ownLease: "a1" }).ok).toBe(true);
    expect(ask({ lease: { ...lease, heartbeat: "2026-11-24T11:59:29Z" } }).ok).toBe(true);
    expect(ask({ lease, here: { host: "ci-7", alive: () => false } }).ok).toBe(true);
  });
  it("stops an operation whose lease was cancelled, taken over or lost", () => {
    expect(reasons({ lease: { ...lease, cancelled: true }, ownLease: "a1" })).toContain("cancelled");
    expect(reasons({ lease, ownLease: "b2" })).toContain("now it is deploy of 1.2.0 by ada");
    expect(reasons({ ownLease: "b2" })).toContain("it is gone");
  });
  it("names the lease and the step's faults together", () => {
    const result = ask({ lease, next: one });
    expect(result.ok ? 0 : result.reasons.length).toBe(2);
  });
});

describe("a lease", () => {
  const here = { host: "ci-7", alive: (pid: number) => pid === 42 };
  it.each([
    ["live: a fresh heartbeat on another host", {}, { ...here, host: "else" }, "live"],
    ["live: 30 s old to the second", { heartbeat: "2026-11-24T11:59:30Z" }, undefined, "live"],
    ["dead: older than 30 s", { heartbeat: "2026-11-24T11:59:29.999Z" }, here, "dead"],
    ["dead: no such process on this host", { pid: 43 }, here, "dead"],
    [
      "live: a process on another host that has the number of none here",
      { pid: 43 },
      { ...here, host: "else" },
      "live",
    ],
    ["live: a heartbeat that nobody can read proves no death", { heartbeat: "?" }, undefined, "live"],
  ] as const)("is %s", (_, change, seen, state) =>
    expect(leaseState({ ...lease, ...change }, now, seen)).toBe(state),
  );
});
