import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasRevision, leftByDowngrade, pendingRevisions } from "../../../decisions/database/revisionGraph";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";

/** Alembic itself, asked once about many histories, against the one reader of them. */

const project = resolve(__dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "deployment-safety-alembic-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Asked {
  headers: Record<string, { parents: string[]; dependsOn: string[]; branchLabels: string[] }>;
  /** By where the database is ("": empty) and the target, what runs; null: Alembic refuses. */
  up: Record<string, Record<string, string[] | null>>;
  down: Record<string, Record<string, string[] | null>>;
}

const steps = "\n\ndef upgrade():\n    revision = None\n\n\ndef downgrade():\n    pass\n";

/** A value of a header in one of the ways in which people write it. */
const written = (ids: readonly string[], layout: number): string => {
  const quoted = ids.map((id, at) => ((layout + at) % 2 === 0 ? `"${id}"` : `'${id}'`));
  const lines = quoted.map((id) => `    ${id},  # ${id}`).join("\n");
  if (ids.length === 0) return layout % 3 === 0 ? "()" : "None";
  if (ids.length === 1 && layout % 3 !== 0) return layout % 3 === 1 ? `(${quoted[0]})` : (quoted[0] ?? "");
  return [`(\n${lines}\n)`, `[${quoted.join(", ")}]`, `${quoted.join(", ")},`][layout % 3] ?? "";
};

/** Revisions on earlier ones, some with labels by which others depend on them. */
const histories = fc.array(
  fc.record({
    parents: fc.array(fc.nat(), { maxLength: 3 }),
    on: fc.array(fc.nat(), { maxLength: 2 }),
    layout: fc.nat({ max: 11 }),
  }),
  { minLength: 1, maxLength: 9 },
);

function writeHistory(name: string, rows: { parents: number[]; on: number[]; layout: number }[]): void {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  rows.forEach(({ parents, on, layout }, at) => {
    const earlier = (picks: number[]) => (at === 0 ? [] : [...new Set(picks.map((pick) => `r${pick % at}`))]);
    const before = earlier(parents);
    // A label stands for every revision after it too, so only a base has one here.
    const labels = before.length === 0 && layout % 2 === 0 ? [`label${at}`] : [];
    const annotated = layout % 4 === 0 ? ": Union[str, Sequence[str], None]" : "";
    const lines = [
      `"""Number ${at}.\n\nrevision = "in words"\n"""`,
      "from typing import Sequence, Union\n",
      `revision${layout % 4 === 0 ? ": str" : ""} = "r${at}"`,
      `down_revision${annotated} = ${written(before, layout)}`,
      `branch_labels = ${written(labels, layout + 1)}`,
      `depends_on${annotated} = ${written(
        earlier(on).filter((id) => !before.includes(id)),
        layout + 2,
      )}`,
    ];
    writeFileSync(join(root, `r${at}_x.py`), `${lines.join("\n")}\n${steps}`);
  });
}

describe("histories as Alembic reads them", () => {
  let asked: Record<string, Asked>;
  const read = (name: string) => {
    const root = mkdtempSync(join(tmpdir(), "deployment-safety-history-"));
    mkdirSync(join(root, "migrations"));
    execFileSync("cp", ["-r", join(folder, name), join(root, "migrations", "revisions")]);
    const found = readRevisionFiles(root);
    rmSync(root, { recursive: true });
    return found;
  };
  beforeAll(() => {
    fc.sample(histories, { seed: 20261125, numRuns: 40 }).forEach((rows, at) => writeHistory(`h${at}`, rows));
    mkdirSync(join(folder, "labelled"));
    const file = (name: string, text: string) =>
      writeFileSync(join(folder, "labelled", `${name}.py`), `${text}${steps}`);
    file("a", 'revision = "a"\ndown_revision = None\nbranch_labels = ("main",)\ndepends_on = None\n');
    file("b", 'revision = "b"\ndown_revision = None\nbranch_labels = None\ndepends_on = "main"\n');
    const output = execFileSync("python", [join(project, "test/migrations/histories.py"), folder], {
      encoding: "utf8",
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    });
    asked = JSON.parse(output) as Record<string, Asked>;
  }, 60_000);

  it("have the same headers", () => {
    for (const [name, { headers }] of Object.entries(asked)) {
      const { files, graph } = read(name);
      expect(graph.issues).toEqual([]);
      expect([...files.keys()].sort()).toEqual(Object.keys(headers).sort());
      for (const [id, header] of Object.entries(headers)) expect(files.get(id)).toMatchObject(header);
    }
  });

  it("have the same revisions pending, each after those that it builds on", () => {
    for (const [name, { up }] of Object.entries(asked)) {
      const { graph } = read(name);
      for (const [at, targets] of Object.entries(up))
        for (const [to, runs] of Object.entries(targets)) {
          const found = pendingRevisions(graph, at || undefined, to);
          if (!found.ok) throw new Error(found.reasons.join());
          expect([...found.revisions].sort(), `${name}: ${at} to ${to}`).toEqual([...(runs ?? [])].sort());
        }
    }
  });

  it("go down as far, and leave the same", () => {
    let left = 0;
    for (const [name, { down }] of Object.entries(asked)) {
      const { graph } = read(name);
      for (const [at, targets] of Object.entries(down))
        for (const [to, runs] of Object.entries(targets)) {
          if (at === to || !hasRevision(graph, at, to)) continue;
          const found = pendingRevisions(graph, to, at);
          const stay = leftByDowngrade(graph, at, to);
          left += stay.length;
          const gone = (found.ok ? found.revisions : []).filter((id) => !stay.includes(id));
          expect(gone.sort(), `${name}: ${at} down to ${to}`).toEqual([...(runs ?? [])].sort());
        }
    }
    expect(left).toBeGreaterThan(0);
  });
});
