import { describe, expect, it } from "vitest";
import {
  downgradedInStaging,
  downgradesProved,
  revisionsReviewed,
  seedsCurrent,
  type RevisionFacts,
} from "../../../../decisions/deploy/checks/revisions";
import type { ProvedRevision } from "../../../../decisions/database/revisionProof";
import { provedRevision } from "../../samples";

const hash = "a".repeat(64);
const proved = (id: string, worksWith: string[], more: Partial<ProvedRevision> = {}): ProvedRevision => ({
  ...provedRevision(id, worksWith),
  ...more,
});
const missing = { ok: false as const, reasons: ["there is no file"], next: "Make one." };
const facts = (more: Partial<RevisionFacts> = {}): RevisionFacts => ({
  pending: [proved("b", ["a"]), proved("c", ["a", "b"])],
  needed: proved("c", ["a", "b"]),
  seeds: hash,
  live: { version: "1.0.0", revision: "a" },
  downgraded: new Map([
    ["b", hash],
    ["c", hash],
  ]),
  requiresStaging: true,
  promotedFrom: "staging",
  hashes: new Map([
    ["b", hash],
    ["c", hash],
  ]),
  ...more,
});

describe("revisions that are in order", () => {
  it.each([revisionsReviewed, seedsCurrent, downgradesProved, downgradedInStaging])("pass %o", (look) =>
    expect(look(facts())).toMatchObject({ ok: true }),
  );

  it("pass where none is new, whatever is not known of the old ones", () => {
    const old = facts({ pending: [] });
    for (const look of [revisionsReviewed, downgradesProved, downgradedInStaging])
      expect(look(old)).toMatchObject({ ok: true, detail: "no revision is new to this database" });
  });
});

describe("what is not in order is named", () => {
  it.each([
    [
      revisionsReviewed,
      { pending: [proved("b", ["a"], { review: missing })] },
      "b is not reviewed: there is no file",
    ],
    [
      downgradesProved,
      { pending: [proved("b", ["a"], { proof: missing })] },
      "the downgrade of b is not proved: there",
    ],
    [
      downgradesProved,
      { pending: [proved("b", ["z"])] },
      "1.0.0, which is live and may be rolled back to, is not proved",
    ],
    [seedsCurrent, { seeds: "b".repeat(64) }, "the seed scripts have changed since they ran on c"],
    [seedsCurrent, { needed: proved("c", [], { proof: missing }) }, "no proof says so: there is no file"],
    [downgradedInStaging, { downgraded: new Map([["b", hash]]) }, "staging has not taken down c"],
    [
      downgradedInStaging,
      {
        downgraded: new Map([
          ["b", hash],
          ["c", "old"],
        ]),
      },
      "c has changed since staging took it",
    ],
    [downgradedInStaging, { downgraded: undefined }, "staging's output `downgrades` could not be read"],
    [
      revisionsReviewed,
      { pending: undefined, unknown: ["revision c has no file"] },
      "revision c has no file",
    ],
    [revisionsReviewed, { pending: undefined }, "the files do not say which revisions lie between"],
    [downgradesProved, { pending: undefined }, "the files do not say which revisions lie between"],
    [downgradedInStaging, { pending: undefined }, "the files do not say which revisions lie between"],
  ])("%o", (look, change, said) => {
    const seen = look({ ...facts(), ...change });
    expect(seen).toMatchObject({ ok: false });
    expect(seen.detail).toContain(said);
    expect(seen.ok ? "" : seen.next).not.toBe("");
  });
});

describe("a first stage and a first release", () => {
  it("have nothing that went down before", () => {
    expect(downgradedInStaging(facts({ requiresStaging: false, downgraded: undefined }))).toMatchObject({
      ok: true,
    });
    expect(downgradedInStaging(facts({ live: undefined, downgraded: undefined }))).toMatchObject({
      ok: true,
    });
  });
});
