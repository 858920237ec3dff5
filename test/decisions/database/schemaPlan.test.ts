import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  schemaPlan,
  readLoss,
  type RevisionsBetween,
  type RevisionBetween,
} from "../../../decisions/database/schemaPlan";
import { historyOf, provedRevision, sample, served, after } from "../samples";

const target = { ...sample(1), revision: "r1" };
const missing = { ok: false as const, reasons: ["there is none"], next: "make prove-migrations" };
const kinds = ["expand", "backfill", "enforce", "contract", "data"] as const;

interface Sort {
  kind: (typeof kinds)[number];
  reversible: boolean;
  proved: boolean;
  approved: boolean;
  works: boolean;
}
const revision = (id: string, { kind, reversible, proved, approved, works }: Sort): RevisionBetween => {
  const { proof } = provedRevision(id, works ? ["r1"] : []);
  if (!proof.ok) throw new Error("the sample is proved");
  const facts = { kind, reversible, impact: "none", flag: null };
  return {
    id,
    proof: proved ? { ok: true, details: { ...proof.details, facts } } : missing,
    approval: approved ? { ok: true } : { ...missing, next: "make approve" },
  };
};
const good: Sort = { kind: "expand", reversible: true, proved: true, approved: false, works: true };
const between =
  (...sorts: Sort[]) =>
  (): RevisionsBetween => ({
    ok: true,
    revisions: sorts.map((sort, index) => revision(`r${index + 2}`, sort)),
  });
const ask = (sorts: Sort[], more: Partial<Parameters<typeof schemaPlan>[0]> = {}) =>
  schemaPlan({
    target,
    at: `r${sorts.length + 1}`,
    asked: "auto",
    history: [],
    between: between(...sorts),
    ...more,
  });
const reasons = (plan: ReturnType<typeof ask>) =>
  plan.kind === "refused" ? plan.reasons.join("\n") : plan.kind;

describe("DATABASE=auto", () => {
  it("does nothing at the same revision, goes up where the target is ahead", () => {
    expect(ask([], { at: "r1" })).toEqual({ kind: "none" });
    expect(ask([], { at: "r0" }).kind).toBe("up");
    expect(ask([], { at: undefined }).kind).toBe("up");
  });
  it("keeps what only adds, where the target is proved on the newest, and says so", () =>
    expect(
      ask([
        { ...good, works: false },
        { ...good, kind: "enforce" },
      ]),
    ).toEqual({
      kind: "keep",
      note: expect.stringContaining("proved to work on r3") as string,
    }));
  it.each<[string, Partial<Sort>]>([
    ["a contract", { kind: "contract" }],
    ["rows that were changed", { kind: "data" }],
    ["a revision that breaks the target", { works: false }],
  ])("goes down after %s", (_, sort) => expect(ask([{ ...good, ...sort }]).kind).toBe("down"));
  it("is refused where that would lose rows, approved or not, with the revision and the way out", () => {
    for (const approved of [true, false])
      expect(ask([good, { ...good, kind: "contract", reversible: false, approved }])).toMatchObject({
        kind: "refused",
        reasons: expect.arrayContaining([expect.stringMatching(/downgrade of r3 loses/)]) as string[],
      });
    expect(reasons(ask([{ ...good, kind: "contract", reversible: false }]))).toContain("make restore");
  });
  it("is refused where a downgrade would leave the other branch of a merge", () => {
    const merged = (to: string, at: string): RevisionsBetween => ({
      ok: true,
      revisions: [revision("r2", good)],
      left: [`${to}-${at}`],
    });
    const asked = { asked: "downgrade" as const, between: merged };
    expect(ask([good], asked)).toMatchObject({
      kind: "refused",
      reasons: expect.arrayContaining([expect.stringContaining("would leave r1-r2 applied")]) as string[],
    });
    expect(ask([good], { between: merged }).kind).toBe("keep");
  });
  it("takes history's word only where a proof cannot be read", () => {
    const history = historyOf(served(), after(served(), 2));
    const ran = { history, target: { ...sample(1), revision: "r1" } };
    expect(ask([{ ...good, proved: false }], ran)).toMatchObject({
      kind: "keep",
      note: expect.stringContaining("r2 is not proved: there is none") as string,
    });
    expect(ask([{ ...good, works: false }], ran).kind).toBe("down");
    expect(ask([{ ...good, proved: false }]).kind).toBe("refused");
  });
});

describe("DATABASE=downgrade", () => {
  it("needs every proof, and an approval for what loses rows", () => {
    expect(ask([good, good], { asked: "downgrade" }).kind).toBe("down");
    expect(reasons(ask([{ ...good, proved: false }, good], { asked: "downgrade" }))).toContain(
      "the downgrade of r2 is not proved: there is none",
    );
    const lossy = { ...good, reversible: false };
    expect(reasons(ask([good, lossy], { asked: "downgrade" }))).toContain("the downgrade of r3 loses");
    expect(ask([good, { ...lossy, approved: true }], { asked: "downgrade" }).kind).toBe("down");
  });
  it("loses rows only of what goes down, and only with an approval", () => {
    const loss = new Map([["r2", 5]]);
    expect(reasons(ask([good], { asked: "downgrade", loss }))).toContain("LOSS= lets rows of r2 be lost");
    expect(ask([{ ...good, approved: true }], { asked: "downgrade", loss }).kind).toBe("down");
    const other = { asked: "downgrade" as const, loss: new Map([["r9", 1]]) };
    expect(reasons(ask([good], other))).toContain("LOSS= names r9, which does not go down");
  });
});

it("DATABASE=keep keeps, and says what is not proved", () =>
  expect(ask([{ ...good, works: false }], { asked: "keep" })).toEqual({
    kind: "keep",
    note: expect.stringContaining("Not proved") as string,
  }));

describe("whatever the revisions are", () => {
  const sorts = fc.array(
    fc.record<Sort>({
      kind: fc.constantFrom(...kinds),
      reversible: fc.boolean(),
      proved: fc.boolean(),
      approved: fc.boolean(),
      works: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  );
  it("a database goes down only by proofs, and loses what it loses only by approval; by itself it loses nothing", () =>
    fc.assert(
      fc.property(sorts, fc.constantFrom("auto" as const, "downgrade" as const), (all, asked) => {
        const { kind } = ask(all, { asked });
        if (kind !== "down") return;
        expect(all.every(({ proved }) => proved)).toBe(true);
        expect(
          all.every(({ reversible, approved }) => reversible || (approved && asked === "downgrade")),
        ).toBe(true);
      }),
    ));
  it("it is kept by itself only where nothing was taken away and the target is proved on the newest", () =>
    fc.assert(
      fc.property(sorts, (all) => {
        const isFit =
          all.every(({ proved, kind }) => proved && !["contract", "data"].includes(kind)) &&
          all.at(-1)?.works === true;
        expect(ask(all).kind === "keep").toBe(isFit);
      }),
    ));
  it("a refusal names what to type next, and every refused revision", () =>
    fc.assert(
      fc.property(sorts, (all) => {
        const way = ask(all, { asked: "downgrade" });
        if (way.kind !== "refused") return;
        expect(way.next).not.toBe("");
        all.forEach(({ proved, reversible, approved }, index) => {
          if (!proved || (!reversible && !approved))
            expect(way.reasons.join()).toContain(`the downgrade of r${index + 2}`);
        });
      }),
    ));
});

it("LOSS= is read as revisions with rows, and anything else is named", () => {
  expect(readLoss("9c1b0d2f:12, 3f2a77aa:1")).toEqual({
    ok: true,
    loss: new Map([
      ["9c1b0d2f", 12],
      ["3f2a77aa", 1],
    ]),
  });
  expect(readLoss(undefined)).toEqual({ ok: true, loss: new Map() });
  expect(readLoss("all")).toMatchObject({ ok: false, reason: expect.stringContaining("`all`") as string });
});
