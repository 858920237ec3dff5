import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRevisionHeader } from "../../../decisions/database/revisionHeader";

/** The header, or what is wrong with it. */
function read(text: string) {
  const found = readRevisionHeader(text);
  return found.ok ? found.header : found.reasons;
}
const first = 'revision = "a"\ndown_revision = None\n';

describe("a revision's header", () => {
  it("is read as Alembic's template writes it", () =>
    expect(
      read(`"""Names.

Revision ID: b
Revises: a
"""
from typing import Sequence, Union

# revision identifiers, used by Alembic.
revision: str = 'b'
down_revision: Union[str, Sequence[str], None] = 'a'  # the first
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

kind = "contract"
reversible = False
impact: str = "guardians: names"  # as shown
flag = "guardian-names"

def upgrade() -> None:
    revision = "a local one"
    kind = "another"
`),
    ).toEqual({
      revision: "b",
      parents: ["a"],
      dependsOn: [],
      branchLabels: [],
      kind: "contract",
      reversible: false,
      impact: "guardians: names",
      flag: "guardian-names",
    }));

  it.each([
    ["a tuple over several lines", '(\n    "b",  # one\n    "c",\n)', ["b", "c"]],
    ["a list", "['b', 'c']", ["b", "c"]],
    ["a tuple without brackets", '"b", "c"', ["b", "c"]],
    ["a tuple of one", '("b",)', ["b"]],
    ["a string in brackets", '("b")', ["b"]],
    ["strings that follow each other", '("b"\n    "c")', ["bc"]],
    ["a continued line", '\\\n    "b"', ["b"]],
    ["a raw and a long string", 'r"b", """c"""', ["b", "c"]],
    ["None", "None", []],
    ["an empty tuple", "()", []],
  ])("names the revisions before it in %s", (_name, written, parents) =>
    expect(read(`revision = "m"\ndown_revision = ${written}\nreversible = True\n`)).toMatchObject({
      parents,
      reversible: true,
    }),
  );

  it("names what it depends on, and the branch that it begins", () =>
    expect(read(`${first}depends_on = ("x", "labelled")\nbranch_labels = "side"\n`)).toMatchObject({
      dependsOn: ["x", "labelled"],
      branchLabels: ["side"],
    }));

  it("is not what a string or a comment says", () =>
    expect(
      read(
        `"""\nrevision = "no"\ndown_revision = "no"\n"""\n# revision = "no"\n${first}X = f'''\nkind = "no"\n'''\n`,
      ),
    ).toMatchObject({ revision: "a", kind: "" }));

  it("may stand on one line, with Windows' line ends, after a byte-order mark", () => {
    expect(read('revision = "a"; down_revision = None; kind = "data"')).toMatchObject({ kind: "data" });
    expect(read(`\uFEFF${first.replaceAll("\n", "\r\n")}`)).toMatchObject({ revision: "a" });
  });

  it.each([
    ["does not say it", ""],
    ["says it twice", "reversible = True\nreversible = False"],
    ["computes it", "reversible = not False"],
    ["says it on a condition", "if True:\n    reversible = True"],
    ["says it in words", 'reversible = "True"'],
    ["imports it", "from other import reversible"],
  ])("that %s is neither reversible nor not", (_name, line) =>
    expect(read(`${first}${line}\n`)).not.toHaveProperty("reversible"),
  );

  it("has the whole impact, however many lines it takes, and what is computed as it is written", () => {
    expect(read(`${first}impact = (\n    "names in capitals, "\n    "for guardians"\n)\n`)).toMatchObject({
      impact: "names in capitals, for guardians",
    });
    expect(read(`${first}impact = WHO + " of guardians"\n`)).toMatchObject({
      impact: 'WHO + " of guardians"',
    });
  });

  it.each([
    ["", ["`revision` is not assigned", "`down_revision` is not assigned"]],
    ['revision = "a"', ["`down_revision` is not assigned"]],
    [`${first}revision = "b"`, ["`revision` is assigned 2 times"]],
    [`${first}if LATER:\n    down_revision = "b"`, ["`down_revision` is assigned 2 times"]],
    [`${first}if LATER: x = 1; depends_on = "b"`, ['`depends_on` is `depends_on = "b"`']],
    [`${first}(depends_on, x) = other`, ["`depends_on` is `"]],
    [
      `${first}depends_on = x = "b"`,
      ["`depends_on` is `x`; allowed is None, a string, or a tuple or list of strings"],
    ],
    [`${first}depends_on = "b" + "c"`, ['`depends_on` is `"b" + "c"`']],
    [`${first}depends_on = f"{x}"`, ["`depends_on` is `f"]],
    [`${first}depends_on = "\\x61"`, ["`depends_on` is `"]],
    [`${first}depends_on = ("a", 5)`, ["`depends_on` is `"]],
    [`${first}depends_on = ("a", "")`, ["`depends_on` is `"]],
    [`${first}depends_on = {"a": "b"}`, ["`depends_on` is `"]],
    [`${first}depends_on = ("a") + ("b")`, ["`depends_on` is `"]],
    [
      `revision = ("a",)\ndown_revision = None`,
      ['`revision` is `( "a" , )`; allowed is a string, written out'],
    ],
    [`${first}x = """`, ["a string in it is not closed"]],
  ])("that cannot be read for certain is refused: %j", (text, reasons) => {
    const found = read(text);
    if (!Array.isArray(found)) throw new Error("it was read");
    expect(found).toHaveLength(reasons.length);
    reasons.forEach((reason, at) => expect(found[at]).toContain(reason));
  });

  it("is the same however it is laid out", () => {
    const ids = fc.stringMatching(/^[0-9a-z_]{1,8}$/);
    const quote = fc.constantFrom('"', "'", '"""', "'''");
    const space = fc.constantFrom("", " ", "\n    ", " # why\n  ");
    const layout = fc.record({ quote, space, open: fc.constantFrom("(", "["), comma: fc.boolean() });
    fc.assert(
      fc.property(
        ids,
        fc.uniqueArray(ids, { maxLength: 4 }),
        layout,
        (revision, parents, { quote: q, space: s, open, comma }) => {
          const list = parents.map((id) => `${s}${q}${id}${q}${s}`).join(",");
          const tail = comma || parents.length === 1 ? "," : "";
          const value = `${open}${list}${parents.length > 0 ? tail : ""}${s}${open === "(" ? ")" : "]"}`;
          expect(read(`revision: str = ${q}${revision}${q}\ndown_revision = ${value}\n`)).toMatchObject({
            revision,
            parents,
          });
        },
      ),
    );
  });
});
