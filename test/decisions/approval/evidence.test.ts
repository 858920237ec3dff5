import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Evidence,
  type Giver,
  evidenceKinds,
  isSamePerson,
  judgeEvidence,
  readEvidence,
} from "../../../decisions/approval/evidence";

const content = "a".repeat(64);
const review: Evidence = {
  kind: "review",
  subject: "9c1b0d2f",
  sha256: content,
  at: "2026-11-24T10:00:00Z",
  details: {},
};
const bo: Giver = {
  names: ["Bo"],
  emails: ["bo@example.com"],
  commit: "c".repeat(40),
  signature: "G",
  signer: "bo@example.com",
};
const ada = { names: ["Ada"], emails: ["ada@example.com"] };
const good = {
  found: { ok: true, evidence: review, giver: bo },
  content,
  author: ada,
  requireSigned: true,
} as const;
const reasons = (change: Partial<Parameters<typeof judgeEvidence>[0]>) => {
  const judged = judgeEvidence({ ...good, ...change });
  return judged.ok ? [] : judged.reasons;
};
const by = (giver: Partial<Giver>, evidence: Partial<Evidence> = {}) => ({
  found: { ok: true as const, evidence: { ...review, ...evidence }, giver: { ...bo, ...giver } },
});

describe("evidence that counts", () => {
  it("a signed review of the present content by somebody else counts", () =>
    expect(judgeEvidence(good)).toEqual({ ok: true, by: "bo@example.com", evidence: review }));

  it("a proof may come from the author himself, for a program ran it", () =>
    expect(reasons({ ...by({}, { kind: "proof" }), author: bo })).toEqual([]));
});

describe("evidence that does not count", () => {
  it.each([
    [
      "of older content",
      { content: "b".repeat(64) },
      /is about other content: it saw aaaaaaaaaaaa…, now it is bbbb/,
    ],
    [
      "by the last author",
      { author: bo },
      /is by bo@example.com, the last author of 9c1b0d2f; one's own review/,
    ],
    ["of content whose author is not known", { author: undefined }, /last author of 9c1b0d2f is not known/],
    ["that is not signed", by({ signature: "N" }), /that adds evidence\/review\/9c1b0d2f.json is not signed/],
    ["with a bad signature", by({ signature: "B" }), /is not good \(git says B\)/],
    ["that cannot be checked", by({ signature: "E" }), /is not good \(git says E\)/],
    [
      "signed by another's key",
      by({ signer: "eve@example.com" }),
      /signed by eve@example.com, but its author is bo@/,
    ],
  ])("a review %s", (_, change, said) => {
    expect(reasons(change)).toHaveLength(1);
    expect(reasons(change)[0]).toMatch(said);
  });

  it("says every fault at once, and what to do", () => {
    const judged = judgeEvidence({ ...good, ...by({ signature: "N" }), author: bo, content: "d".repeat(64) });
    expect(judged).toMatchObject({
      ok: false,
      next: expect.stringContaining("make review REVISION=9c1b0d2f") as string,
    });
    expect(judged.ok ? [] : judged.reasons).toHaveLength(3);
  });

  it("a signature is not asked for where config does not", () =>
    expect(reasons({ ...by({ signature: "N" }), requireSigned: false })).toEqual([]));
});

describe("one person under several spellings", () => {
  it.each([
    [{ names: ["X"], emails: ["Bo@Example.com"] }],
    [{ names: ["X"], emails: ["bo+review@example.com"] }],
    [{ names: [" BO "], emails: ["other@example.com"] }],
    [{ names: ["X"], emails: ["x@example.com", "bo@example.com"] }],
  ])("%o is Bo", (author) => expect(isSamePerson(author, bo)).toBe(true));

  it("two people without a name in common are two, also where both have an empty name", () =>
    expect(isSamePerson({ names: [""], emails: ["a@x"] }, { names: [""], emails: ["b@x"] })).toBe(false));
});

describe("the file", () => {
  it("has no place for a name: who gave it is the commit's author", () => {
    for (const key of ["author", "by", "reviewer", "email"]) {
      const read = readEvidence("review", "9c1b0d2f", { ...review, [key]: "bo@example.com" });
      expect(read).toMatchObject({
        ok: false,
        reasons: [expect.stringContaining(`\`${key}\` is not a known key`)],
      });
    }
  });

  it("is refused under another name or in another folder", () => {
    const read = readEvidence("approval", "3f2a77aa", review);
    expect(read.ok ? [] : read.reasons).toEqual([
      expect.stringMatching(/`kind` is `review`; allowed is its folder, `approval`/),
      expect.stringMatching(/`subject` is `9c1b0d2f`; allowed is its name, `3f2a77aa`/),
    ]);
  });

  it("never stands for a path outside of its folder", () => {
    for (const subject of ["../x", "a/b", "", ".", ".."])
      expect(readEvidence("review", subject, { ...review, subject }).ok).toBe(false);
  });
});

const anyone = fc.record({
  names: fc.array(fc.constantFrom("Ada", "Bo", "Cem", "ada ", ""), { maxLength: 2 }),
  emails: fc.array(fc.constantFrom("ada@x.org", "bo@x.org", "Ada+1@x.org", "cem@x.org"), {
    minLength: 1,
    maxLength: 2,
  }),
});
const anyGiver = fc
  .tuple(
    anyone,
    fc.constantFrom("G", "N", "B", "U", "E", "X", "Y", "R"),
    fc.constantFrom("ada@x.org", "bo@x.org", ""),
  )
  .map(([who, signature, signer]): Giver => ({ ...who, commit: "c".repeat(40), signature, signer }));

it("whatever counts is bound to the content, from somebody else where it must be, and signed where config says so", () => {
  fc.assert(
    fc.property(
      anyGiver,
      fc.option(anyone, { nil: undefined }),
      fc.constantFrom(...evidenceKinds),
      fc.constantFrom("a", "b"),
      fc.boolean(),
      (giver, author, kind, seen, requireSigned) => {
        const evidence = { ...review, kind, sha256: seen.repeat(64) };
        const judged = judgeEvidence({
          found: { ok: true, evidence, giver },
          content,
          ...(author && { author }),
          requireSigned,
        });
        const independent = kind === "proof" || (author && !isSamePerson(author, giver));
        const plain = giver.emails.map((email) => email.toLowerCase().replace(/\+[^@]*@/, "@"));
        const signed = !requireSigned || (giver.signature === "G" && plain.includes(giver.signer));
        expect(judged.ok).toBe(seen === "a" && Boolean(independent) && signed);
      },
    ),
    { numRuns: 5_000 },
  );
});
