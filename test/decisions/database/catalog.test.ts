import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  describeDifferences,
  differences,
  fingerprintOf,
  provedCatalog,
  schemaIssues,
  schemasOf,
  type Catalog,
} from "../../../decisions/database/catalog";
import type { ProvedRevision } from "../../../decisions/database/revisionProof";
import type { RevisionGraph } from "../../../decisions/database/revisionGraph";
import { provedRevision } from "../samples";
import { graphOf } from "./graphs";

const names = fc.constantFrom(
  "table public.a",
  "column public.a.b",
  "index public.i",
  'type public."x y"',
  "a\u{1F600}",
  "b\uFFFD",
);
const catalogs = fc
  .dictionary(names, fc.string({ unit: "grapheme" }))
  .map((one): Catalog => new Map(Object.entries(one)));

/** Proofs of a chain of revisions, each of which makes one catalog of the one before. */
function chain(steps: readonly Catalog[]): {
  graph: RevisionGraph;
  proofs: Map<string, ProvedRevision["proof"]>;
} {
  const parents: Record<string, string[]> = {};
  const proofs = new Map<string, ProvedRevision["proof"]>();
  steps.forEach((after, index) => {
    const before = steps[index - 1] ?? new Map<string, string>();
    const catalog: Record<string, string | null> = {};
    for (const [name, definition] of after) if (before.get(name) !== definition) catalog[name] = definition;
    for (const name of before.keys()) if (!after.has(name)) catalog[name] = null;
    const { proof } = provedRevision(`r${index}`);
    if (!proof.ok) throw new Error("the sample is proved");
    parents[`r${index}`] = index === 0 ? [] : [`r${index - 1}`];
    proofs.set(`r${index}`, {
      ok: true,
      details: { ...proof.details, fingerprint: fingerprintOf(after), catalog },
    });
  });
  return { graph: graphOf(parents), proofs };
}
const none = { ok: false as const, reasons: ["there is none"], next: "Make one." };

describe("the catalog that the proofs add up to", () => {
  it("is that of the last revision, whatever each changes", () =>
    fc.assert(
      fc.property(fc.array(catalogs, { minLength: 1, maxLength: 6 }), (steps) => {
        const { graph, proofs } = chain(steps);
        const found = provedCatalog(graph, `r${steps.length - 1}`, (id) => proofs.get(id) ?? none);
        expect(found).toMatchObject({ ok: true, postgres: 15 });
        expect(found.ok && differences(found.catalog, steps.at(-1) ?? new Map())).toEqual([]);
      }),
    ));

  it("is not known where a proof is missing, or where an earlier one was made anew with another outcome", () => {
    const { graph, proofs } = chain([
      new Map([["a", "1"]]),
      new Map([
        ["a", "1"],
        ["b", "1"],
      ]),
    ]);
    const without = (id: string) => (id === "r0" ? none : (proofs.get(id) ?? none));
    expect(provedCatalog(graph, "r1", without)).toMatchObject({
      ok: false,
      reasons: ["r0 is not proved: there is none"],
    });
    const other = chain([new Map([["a", "2"]])]).proofs.get("r0") ?? none;
    expect(
      provedCatalog(graph, "r1", (id) => (id === "r0" ? other : (proofs.get(id) ?? none))),
    ).toMatchObject({
      ok: false,
      reasons: ["the proofs of r0, r1 do not fit one another"],
    });
    expect(provedCatalog(graph, "r9", () => none)).toMatchObject({
      ok: false,
      reasons: [expect.stringContaining("r9")],
    });
  });
});

describe("what differs", () => {
  it("is every object that was changed, added or taken away, and no other", () =>
    fc.assert(
      fc.property(catalogs, catalogs, (one, other) => {
        const found = new Map(differences(one, other).map((each) => [each.object, each]));
        for (const name of new Set([...one.keys(), ...other.keys()])) {
          expect(found.has(name)).toBe(one.get(name) !== other.get(name));
          if (found.has(name))
            expect(found.get(name)).toEqual({
              object: name,
              ...(one.has(name) && { expected: one.get(name) }),
              ...(other.has(name) && { found: other.get(name) }),
            });
        }
        expect(fingerprintOf(one) === fingerprintOf(other)).toBe(found.size === 0);
      }),
    ));

  it("is not that the platform gave somebody rights or added an extension; that one is missing is", () => {
    const rights = new Map([
      ["grant SELECT on public.a to reader", ""],
      ["extension pg_stat_statements", ""],
    ]);
    expect(differences(new Map(), rights)).toEqual([]);
    expect(differences(rights, new Map())).toHaveLength(2);
  });

  it("is said with object, expected and found, and no more than a screen of it", () => {
    const many = new Map(Array.from({ length: 20 }, (_, at) => [`column public.t.c${at + 10}`, "text"]));
    const lines = describeDifferences(differences(many, new Map()));
    expect(lines[0]).toBe("column public.t.c10: expected is `text`, found is none");
    expect(lines.at(-1)).toBe("and 8 more");
  });
});

describe("a live database", () => {
  const catalog = new Map([["column public.a.b", "text"]]);
  const proved = { ok: true as const, catalog, postgres: 15 };
  it("is what was proved", () =>
    expect(schemaIssues("r1", proved, { revisions: ["r1"], catalog, postgres: 17 })).toEqual([]));
  it("at another revision is named before anything else", () =>
    expect(schemaIssues("r1", proved, { revisions: [], catalog, postgres: 15 })).toEqual([
      "alembic_version: expected is r1, found is nothing",
    ]));
  it("of which nobody knows what it should be is no match", () =>
    expect(schemaIssues("r1", none, { revisions: ["r1"], catalog, postgres: 15 })).toEqual([
      "what r1 should look like is not known: there is none",
    ]));
  it("that differs on another version of the server says that this may be why", () => {
    const other = new Map([["column public.a.b", "text not null"]]);
    expect(schemaIssues("r1", proved, { revisions: ["r1"], catalog: other, postgres: 17 })).toEqual([
      "column public.a.b: expected is `text`, found is `text not null`",
      expect.stringContaining("PostgreSQL 15 and this is 17"),
    ]);
  });
});

it("only schemas that some revision has are looked into", () =>
  expect(
    schemasOf([
      { "schema public": "", "table public.a": "" },
      { 'schema "my ""own"': "", "schema public": null },
    ]),
  ).toEqual(['my "own', "public"]));
