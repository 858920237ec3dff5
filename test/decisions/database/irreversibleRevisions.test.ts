import { describe, expect, it } from "vitest";
import {
  affectsGuardians,
  irreversibleBetween,
  isIrreversible,
} from "../../../decisions/database/irreversibleRevisions";
import { revisionGraph } from "../../../decisions/database/revisionGraph";
import type { RevisionHeader } from "../../../decisions/database/revisionHeader";

const header = (revision: string, parents: string[], reversible?: boolean): RevisionHeader => ({
  revision,
  parents,
  dependsOn: [],
  branchLabels: [],
  kind: "contract",
  impact: "none",
  ...(reversible !== undefined && { reversible }),
});

/** The irreversible ones among these, or why they are not known. */
function between(from: string | undefined, to: string, ...headers: RevisionHeader[]): string[] {
  const files = new Map(headers.map((one) => [one.revision, one]));
  const found = irreversibleBetween(from, to, revisionGraph(headers), files);
  return found.ok ? found.revisions.map(({ revision }) => revision) : found.reasons;
}

describe("a revision", () => {
  it("that expands takes nothing away, even where its downgrade would", () =>
    expect(["expand", "contract", ""].map((kind) => isIrreversible({ reversible: false, kind }))).toEqual([
      false,
      true,
      true,
    ]));
  it("affects guardians if its impact names them", () =>
    expect([affectsGuardians("Guardians see other names"), affectsGuardians("none")]).toEqual([true, false]));
});

describe("an upgrade", () => {
  const all = [
    header("a", [], true),
    header("b", ["a"], false),
    header("c", ["b"], true),
    header("d", ["c"], false),
  ];

  it("runs the irreversible revisions between, oldest first, without the one that it starts from", () => {
    expect(between("a", "d", ...all)).toEqual(["b", "d"]);
    expect(between("b", "d", ...all)).toEqual(["d"]);
    expect(between("b", "c", ...all)).toEqual([]);
    expect(between("d", "b", ...all)).toEqual(["revision b does not come after d, where the database is"]);
    expect(between("a", "x", ...all)).toEqual(["revision x has no file in migrations/revisions"]);
  });

  it("to a merge runs those of both branches", () => {
    const side = header("s", ["a"], false);
    const merge = header("m", ["d", "s"], true);
    expect(between("d", "m", ...all, side, merge)).toEqual(["s"]);
    expect(between("a", "m", ...all, side, merge)).toEqual(["b", "d", "s"]);
  });

  it("is not known where a revision does not say what it is", () =>
    expect(between("a", "b", header("a", [], true), header("b", ["a"]))).toEqual([
      "revision b does not say `reversible = True` or `reversible = False` exactly once",
    ]));

  it("through a circle is not known", () =>
    expect(between("z", "a", header("a", ["b"], true), header("b", ["a"], true))).toEqual([
      "revisions build on each other in a circle: a -> b -> a",
    ]));
});
