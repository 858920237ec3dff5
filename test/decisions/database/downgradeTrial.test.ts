import { expect, it } from "vitest";
import type { RevisionFacts } from "../../../decisions/deploy/checks/revisions";
import { trialRefusal } from "../../../decisions/database/downgradeTrial";
import { provedRevision } from "../samples";

const hash = "a".repeat(64);
/** The database is at c, a contract: it works with code for b, not with code for a. */
const facts = (more: Partial<RevisionFacts> = {}): RevisionFacts => ({
  pending: [provedRevision("b", ["a"]), provedRevision("c", ["b"])],
  needed: provedRevision("c", ["b"]),
  seeds: hash,
  live: { version: "1.0.0", revision: "a" },
  requiresStaging: false,
  hashes: new Map(),
  ...more,
});
const validated = [
  { version: "1.2.0", revision: "c" },
  { version: "1.1.0", revision: "b" },
  { version: "1.0.0", revision: "a" },
];

it("a database comes up again under a release that works on what comes", () => {
  const onlyContract = { pending: [provedRevision("c", ["b"])], live: { version: "1.1.0", revision: "b" } };
  expect(trialRefusal(facts(onlyContract), validated)).toBeUndefined();
});

it("not under one whose code a contract breaks: that is named, and the newest version that was validated and works", () =>
  expect(trialRefusal(facts(), validated)).toEqual({
    reasons: ["1.0.0 is not proved to work on c"],
    instead: "1.1.0",
  }));

it("nothing is proposed where nothing that was validated works: not the release that needs the newest revision itself", () => {
  const [newest, , oldest] = validated;
  expect(trialRefusal(facts(), newest && oldest ? [newest, oldest] : [])).toEqual({
    reasons: ["1.0.0 is not proved to work on c"],
  });
});

it("whatever a migration has to show is asked as well", () => {
  const unread = { ok: false as const, reasons: ["nobody has read it"], next: "make review" };
  const pending = [{ ...provedRevision("b", ["a"]), review: unread }];
  expect(trialRefusal(facts({ pending, seeds: "b".repeat(64) }), validated)?.reasons).toEqual([
    expect.stringContaining("b is not reviewed: nobody has read it; make review"),
    expect.stringContaining("seed scripts have changed"),
  ]);
  const unproved = [{ ...provedRevision("b", []), proof: unread }];
  expect(trialRefusal(facts({ pending: unproved }), validated)).toEqual({
    reasons: [expect.stringContaining("the downgrade of b is not proved: nobody has read it; make review")],
  });
});
