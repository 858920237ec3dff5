import { describe, expect, it } from "vitest";
import {
  affectsGuardians,
  isIrreversible,
  irreversibleBetween,
  readRevisionText,
} from "../../../decisions/database/revisionText";

const text = (id: string, down: string | null, reversible = "True") =>
  `revision = "${id}"\ndown_revision = ${down === null ? "None" : `"${down}"`}\n${reversible ? `reversible = ${reversible}` : ""}\nimpact: str = "guardians: names"  # as shown\n`;

const known = (...texts: string[]) =>
  new Map(texts.map((one) => readRevisionText(one)!).map((one) => [one.revision, one]));

describe("a revision's text", () => {
  it("says id, predecessor, reversible and impact", () => {
    expect(readRevisionText(text("b", "a", "False"))).toEqual({
      revision: "b",
      down: "a",
      reversible: false,
      kind: "",
      impact: '"guardians: names"',
    });
  });

  it.each([
    ["does not say it", ""],
    ["says it twice", "True\nreversible = False"],
    ["computes it", "not False"],
  ])("that %s is neither", (_name, reversible) => {
    expect(readRevisionText(text("b", "a", reversible))?.reversible).toBeUndefined();
  });

  it("of an expand takes nothing away, even where its downgrade would", () => {
    const irreversible = (kind: string) =>
      isIrreversible(readRevisionText(`${text("b", "a", "False")}${kind}`)!);
    expect([irreversible('kind = "expand"'), irreversible('kind = "contract"'), irreversible("")]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("names guardians in its impact or not", () => {
    expect([affectsGuardians("Guardians see other names"), affectsGuardians("none")]).toEqual([true, false]);
  });
});

describe("the way of an upgrade", () => {
  const all = known(text("a", null), text("b", "a", "False"), text("c", "b"), text("d", "c", "False"));

  it("has the irreversible revisions between, oldest first, without the one it starts from", () => {
    const ids = (from: string, to: string) => {
      const way = irreversibleBetween(from, to, all);
      return way.ok ? way.revisions.map(({ revision }) => revision) : way.reasons;
    };
    expect(ids("a", "d")).toEqual(["b", "d"]);
    expect(ids("b", "d")).toEqual(["d"]);
    expect(ids("b", "c")).toEqual([]);
    expect(ids("d", "b")).toEqual(["revision b does not come after d, where the database is"]);
    expect(ids("a", "x")).toEqual([
      "revision x has no file in migrations/revisions, so it is not known what it does",
    ]);
  });

  it("is not known when a revision on it does not say what it is", () => {
    const way = irreversibleBetween("a", "b", known(text("a", null), text("b", "a", "")));
    expect(way).toEqual({
      ok: false,
      reasons: ["revision b does not say `reversible = True` or `reversible = False`, once"],
    });
  });

  it("that goes in a circle ends", () => {
    expect(irreversibleBetween("z", "a", known(text("a", "b"), text("b", "a")))).toMatchObject({ ok: false });
  });
});
