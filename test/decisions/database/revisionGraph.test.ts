import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  emptyGraph,
  hasRevision,
  leftByDowngrade,
  lineage,
  pendingRevisions,
  revisionGraph,
  type Ordered,
} from "../../../decisions/database/revisionGraph";
import { graphOf } from "./graphs";

const said = (found: Ordered) => (found.ok ? found.revisions : found.reasons);

/** a - b - - m - n, with c beside b and x, which depends on c, on a base of its own. */
const graph = revisionGraph([
  { revision: "n", parents: ["m"] },
  { revision: "m", parents: ["b", "c"] },
  { revision: "c", parents: ["a"], branchLabels: ["side"] },
  { revision: "b", parents: ["a"] },
  { revision: "a", parents: [] },
  { revision: "x", parents: [], dependsOn: ["side"] },
]);

describe("what a revision builds on", () => {
  it("comes before it, both branches of a merge and what it depends on included", () => {
    expect(said(lineage(graph, "n"))).toEqual(["a", "b", "c", "m", "n"]);
    expect(said(lineage(graph, "x"))).toEqual(["a", "c", "x"]);
  });
  it("is not known where files are missing, and each is named with who needs it", () =>
    expect(
      said(
        lineage(
          revisionGraph(
            [{ revision: "m", parents: ["b", "c"] }],
            ["migrations/revisions/b.py cannot be read: …"],
          ),
          "m",
        ),
      ),
    ).toEqual([
      "revision b, on which m builds, has no file in migrations/revisions",
      "revision c, on which m builds, has no file in migrations/revisions",
      "migrations/revisions/b.py cannot be read: …",
    ]));
  it("is not known where they run in a circle, which is shown", () => {
    const circle = graphOf({ x: ["y"], y: ["z"], z: ["y"], s: ["s"] });
    expect(said(lineage(circle, "x"))).toEqual(["revisions build on each other in a circle: y -> z -> y"]);
    expect(said(lineage(circle, "s"))).toEqual(["revisions build on each other in a circle: s -> s"]);
  });
});

describe("what is new to a database", () => {
  it.each([
    [undefined, "b", ["a", "b"]],
    ["a", "n", ["b", "c", "m", "n"]],
    ["b", "m", ["c", "m"]],
    ["b", "c", ["c"]],
    ["n", "b", []],
    ["n", "n", []],
    ["n", "x", ["x"]],
    ["unknown", "n", ["revision unknown has no file in migrations/revisions"]],
    ["n", "unknown", ["revision unknown has no file in migrations/revisions"]],
  ])("at %s, on the way to %s: %j", (from, to, expected) =>
    expect(said(pendingRevisions(graph, from, to))).toEqual(expected),
  );
});

describe("whether a database has a revision", () => {
  it.each([
    ["m", "a", true],
    ["m", "c", true],
    ["x", "c", true],
    ["b", "m", false],
    ["b", "c", false],
    ["unknown", "unknown", true],
    ["unknown", "a", false],
    [undefined, "a", false],
  ])("at %s, has %s: %s", (at, wanted, expected) => expect(hasRevision(graph, at, wanted)).toBe(expected));
  it("is answered in a circle too, and where no file is known", () => {
    expect(hasRevision(graphOf({ x: ["x"] }), "x", "a")).toBe(false);
    expect(hasRevision(emptyGraph, "a", "a")).toBe(true);
  });
});

describe("what a downgrade leaves", () => {
  it("is the other branch of a merge; nothing where the branches begin", () => {
    expect(leftByDowngrade(graph, "n", "b")).toEqual(["c"]);
    expect(leftByDowngrade(graph, "n", "a")).toEqual([]);
    expect(leftByDowngrade(graph, "n", "m")).toEqual([]);
  });
  it("is the revision itself where the target is only depended on", () =>
    expect(leftByDowngrade(graph, "x", "c")).toEqual(["x"]));
});

describe("any history", () => {
  /** Revisions that build on earlier ones, listed in any order. */
  const histories = fc
    .array(
      fc.record({ parents: fc.array(fc.nat(), { maxLength: 3 }), on: fc.array(fc.nat(), { maxLength: 2 }) }),
      {
        minLength: 1,
        maxLength: 12,
      },
    )
    .map((rows) =>
      rows.map(({ parents, on }, at) => {
        const earlier = (picks: number[]) =>
          at === 0 ? [] : [...new Set(picks.map((pick) => `r${pick % at}`))];
        return { revision: `r${at}`, parents: earlier(parents), dependsOn: earlier(on) };
      }),
    )
    .chain((rows) => fc.shuffledSubarray(rows, { minLength: rows.length }));

  it("is ordered so that each comes after what it builds on, and nothing is left out or added", () =>
    fc.assert(
      fc.property(histories, (rows) => {
        const known = revisionGraph(rows);
        for (const { revision } of rows) {
          const found = lineage(known, revision);
          if (!found.ok) throw new Error(found.reasons.join());
          const order = found.revisions;
          expect(new Set(order).size).toBe(order.length);
          expect(order.at(-1)).toBe(revision);
          for (const id of order) {
            const { parents = [], dependsOn = [] } = rows.find((one) => one.revision === id) ?? {};
            for (const one of [...parents, ...dependsOn])
              expect(
                [...order.keys()].filter((at) => at < order.indexOf(id)).map((at) => order[at]),
              ).toContain(one);
          }
          for (const { revision: other } of rows)
            expect(order.includes(other)).toBe(hasRevision(known, revision, other));
        }
      }),
    ));

  it("divides into what a database has and what is pending", () =>
    fc.assert(
      fc.property(histories, fc.nat(), fc.nat(), (rows, one, two) => {
        const known = revisionGraph(rows);
        const [from, to] = [one, two].map((pick) => rows[pick % rows.length]?.revision ?? "");
        const pending = said(pendingRevisions(known, from, to ?? ""));
        for (const { revision } of rows)
          expect(pending.includes(revision)).toBe(
            hasRevision(known, to, revision) && !hasRevision(known, from, revision),
          );
      }),
    ));
});
