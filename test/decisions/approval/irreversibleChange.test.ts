import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeWindowSchema } from "../../../decisions/approval/changeWindow";
import {
  reasonsAgainst,
  refusalsOf,
  rulesHash,
  type ApprovalDetails,
  type ReasonCode,
  type IrreversibleChange,
} from "../../../decisions/approval/irreversibleChange";

const calendar = changeWindowSchema.parse({ schoolHours: { from: "07:30", to: "15:00" } });
const rules = { calendar, requireSigned: false };
/** A Friday night in Cairo. */
const now = new Date("2026-11-27T20:00Z");
const before = (hours: number): string => new Date(now.getTime() - hours * 3_600_000).toISOString();

const window = { from: before(1), to: before(-6) };
const sha256 = "a".repeat(64);
const details: ApprovalDetails = {
  reason: "the names are split",
  window,
  expires: before(-6),
  minutes: 10,
  rules: rulesHash(rules),
};
const person = (name: string) => ({ names: [name], emails: [`${name}@example.com`] });
const approvalWith = (change: Partial<ApprovalDetails>, by = "reviewer") =>
  ({
    ok: true,
    evidence: {
      kind: "approval",
      subject: "5e6f",
      sha256,
      at: before(70),
      details: { ...details, ...change },
    },
    giver: { ...person(by), commit: "c0ffee", signature: "N", signer: "" },
  }) as const;
const notice = { subject: "5e6f", sha256, sentAt: before(60), ...window };
const allowed: IrreversibleChange = {
  subject: "5e6f",
  sha256,
  author: person("author"),
  guardians: true,
  minutes: 10,
  approval: approvalWith({}),
  notice,
  recoveryPoint: before(0.5),
  drill: { at: before(24 * 30), ok: true },
};

const reasonCodes = (change: IrreversibleChange, at = now, under = rules): ReasonCode[] =>
  reasonsAgainst(change, at, under).map(({ reasonCode }) => reasonCode);

/** Each way in which one fact can be wrong, and the one reason that must come of it. */
const wrongs: [string, ReasonCode, Partial<IrreversibleChange>][] = [
  [
    "without an approval",
    "approval-missing",
    { approval: { ok: false, reasons: ["there is no evidence/approval/5e6f.json"], next: "" } },
  ],
  [
    "approved by its own author",
    "approval-void",
    { author: { names: ["R"], emails: ["Reviewer@example.com"] } },
  ],
  ["whose author is not known", "approval-void", { author: undefined }],
  [
    "edited after the approval",
    "approval-void",
    { sha256: "b".repeat(64), notice: { ...notice, sha256: "b".repeat(64) } },
  ],
  ["approved under other rules", "approval-rules", { approval: approvalWith({ rules: "c" }) }],
  ["whose approval is expired", "approval-expired", { approval: approvalWith({ expires: before(0.1) }) }],
  [
    "before its approved window",
    "outside-approved-window",
    {
      approval: approvalWith({ window: { ...window, from: before(-1) } }),
      notice: { ...notice, from: before(-1) },
    },
  ],
  [
    "after its approved window",
    "outside-approved-window",
    {
      approval: approvalWith({ window: { ...window, to: before(0) } }),
      notice: { ...notice, to: before(0) },
    },
  ],
  [
    "with too little of its window left",
    "window-too-short",
    {
      approval: approvalWith({ window: { ...window, to: before(-0.1) } }),
      notice: { ...notice, to: before(-0.1) },
    },
  ],
  ["that takes longer than approved", "window-too-short", { minutes: 20 }],
  ["that guardians were not told of", "notice-missing", { notice: undefined }],
  ["whose notice never reached a channel", "notice-missing", { notice: { ...notice, sentAt: undefined } }],
  ["whose notice told of another one", "notice-content", { notice: { ...notice, sha256: "d" } }],
  ["whose notice told of another time", "notice-content", { notice: { ...notice, from: before(3) } }],
  ["that guardians were told of too late", "notice-late", { notice: { ...notice, sentAt: before(47) } }],
  ["with a stale recovery point", "recovery-point", { recoveryPoint: before(1.1) }],
  ["with an unknown recovery point", "recovery-point", { recoveryPoint: undefined }],
  ["with a recovery point of the future", "recovery-point", { recoveryPoint: before(-1) }],
  ["with a stale drill", "drill", { drill: { at: before(24 * 93), ok: true } }],
  ["with a failed drill", "drill", { drill: { at: before(1), ok: false } }],
  ["without a drill", "drill", { drill: undefined }],
];

describe("an irreversible change", () => {
  it("runs when all of it is there and in force", () => {
    expect(reasonsAgainst(allowed, now, rules)).toEqual([]);
  });

  it.each(wrongs)("%s is refused, for that reason only", (_name, ground, wrong) => {
    expect(reasonCodes({ ...allowed, ...wrong })).toEqual([ground]);
  });

  it("needs a signed approval where the rules say so, and is bound to that rule", () => {
    const strict = { ...rules, requireSigned: true };
    expect(reasonCodes(allowed, now, strict)).toEqual(["approval-void", "approval-rules"]);
    const { evidence, giver } = approvalWith({ rules: rulesHash(strict) });
    const signed = { ...giver, signature: "G", signer: "reviewer@example.com" };
    expect(reasonCodes({ ...allowed, approval: { ok: true, evidence, giver: signed } }, now, strict)).toEqual(
      [],
    );
  });

  it("whose approval cannot be read is refused with the faults in it", () => {
    const approval = approvalWith({ minutes: -1, expires: "soon" });
    const lines = refusalsOf([{ ...allowed, approval }], now, rules)
      .map(({ text }) => text)
      .join("\n");
    expect(lines).toMatch(/details\.expires[^]*details\.minutes/);
  });

  it("needs no notice when it does not affect guardians", () => {
    expect(reasonCodes({ ...allowed, guardians: false, notice: undefined })).toEqual([]);
  });

  it("is refused in school hours, and when they begin before it can be done", () => {
    const wide = { from: "2026-11-27T20:00:00.000Z", to: "2026-12-02T20:00:00.000Z" };
    const change = {
      ...allowed,
      approval: approvalWith({ window: wide, expires: wide.to }),
      notice: { ...notice, ...wide },
    };
    const at = (time: string) => {
      const fresh = new Date(Date.parse(time) - 60_000).toISOString();
      return reasonCodes({ ...change, recoveryPoint: fresh }, new Date(time));
    };
    expect(at("2026-11-29T05:19Z")).toEqual([]);
    expect(at("2026-11-29T05:21Z")).toEqual(["window-too-short"]);
    expect(at("2026-11-29T08:00Z")).toEqual(["outside-hours"]);
    expect(at("2026-11-29T13:00Z")).toEqual([]);
  });

  it("says all at once, whatever is wrong, and never passes with anything wrong", () => {
    fc.assert(
      fc.property(fc.subarray(wrongs, { minLength: 1 }), (chosen) => {
        const change = chosen.reduce<IrreversibleChange>(
          (all, [, , wrong]) => ({ ...all, ...wrong }),
          allowed,
        );
        const found = reasonCodes(change);
        expect(found.length).toBeGreaterThan(0);
        // A later wrong may undo an earlier one on the same fact; the last on each fact must be named.
        for (const fact of ["recoveryPoint", "drill"] as const) {
          const last = chosen.findLast(([, , wrong]) => fact in wrong);
          if (last) expect(found).toContain(last[1]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("is named in each line of a refusal, with times of the school first", () => {
    const [line] = refusalsOf([{ ...allowed, approval: approvalWith({ expires: before(0.1) }) }], now, rules);
    expect(line?.text).toBe(
      "5e6f cannot be undone, and may not run now (approval-expired): the approval expired at Fri, 27 Nov 2026, 21:54 Africa/Cairo (2026-11-27T19:54Z). Let somebody else than its author run `make approve CHANGE=5e6f`, commit and sign what it writes.",
    );
  });
});
