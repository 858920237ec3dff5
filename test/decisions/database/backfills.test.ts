import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backfillJobName, dueBackfills, type DueBackfill } from "../../../decisions/database/backfills";
import type { Flag } from "../../../decisions/flags/flagConfig";
import type { Settings } from "../../../decisions/stack/config";
import { digest } from "../../../decisions/release/digest";
import { sample } from "../samples";

const live = sample(1);
const flag: Flag = {
  risk: "high",
  roles: [],
  cohorts: [],
  percentage: 100,
  owner: "school",
  expires: "2027-03-01",
};
const due: Pick<Settings, "backfills" | "flags" | "heldFlags" | "release"> = {
  backfills: { "guardian-names": { flag: "names", ratePerSecond: 2000, batch: 1000 } },
  flags: { names: flag },
  heldFlags: {},
  release: {
    serial: 7,
    live: "blue",
    canaryWeight: 0,
    traffic: "open",
    validated: digest(live.image),
    slots: { blue: live },
  },
};

describe("a backfill", () => {
  it("runs with the live release's image once that is validated and the flag is on", () => {
    expect(dueBackfills(due)).toEqual([
      { name: "guardian-names", flag: "names", ratePerSecond: 2000, batch: 1000, image: live.image },
    ]);
  });

  it("does not run while another digest is validated, or none", () => {
    for (const validated of [undefined, digest(sample(2).image)])
      expect(dueBackfills({ ...due, release: { ...due.release, validated } })).toEqual([]);
  });

  it("does not run while its flag is off, held, or absent as after a rollback to older flags", () => {
    expect(dueBackfills({ ...due, flags: { names: { ...flag, percentage: 0 } } })).toEqual([]);
    expect(dueBackfills({ ...due, heldFlags: { names: { reason: "an incident" } } })).toEqual([]);
    expect(dueBackfills({ ...due, flags: {} })).toEqual([]);
  });
});

const dueBackfill: fc.Arbitrary<DueBackfill> = fc.record({
  name: fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/),
  flag: fc.constantFrom("names", "other"),
  ratePerSecond: fc.integer({ min: 1, max: 1_000_000 }),
  batch: fc.integer({ min: 10, max: 100_000 }),
  image: fc.constantFrom(sample(1).image, sample(2).image),
});

describe("the name of a backfill's Job", () => {
  it("is a label, and another one whenever something about the Job is", () => {
    fc.assert(
      fc.property(dueBackfill, dueBackfill, (one, other) => {
        expect(backfillJobName(one)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        const same = JSON.stringify(one) === JSON.stringify(other);
        return same === (backfillJobName(one) === backfillJobName(other));
      }),
      { numRuns: 1000 },
    );
  });
});
