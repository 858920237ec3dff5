import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { types } from "../../../policies/types";
import { rules } from "../../../policies/rules";
import { compliantStack } from "../compliantStack";
import { type Broken, broken } from "../judged";

/** Policies that ask the stack's config, its parameters and the project's evidence. */

const digest = `sha256:${"a".repeat(64)}`;
const image = `example.com/school@${digest}`;
const revision = "0a1b2c3d";

/** A project with one revision, which nobody has reviewed or proved. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "deployment-safety-live-state-"));
  mkdirSync(join(root, "migrations", "revisions"), { recursive: true });
  writeFileSync(
    join(root, "migrations", "revisions", `${revision}_grades.py`),
    `"""Grades."""\n\nrevision = "${revision}"\ndown_revision = None\nreversible = True\n`,
  );
  execFileSync("git", ["init", "--quiet", root]);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const release = (live: string) => ({
  serial: 1,
  live: "blue",
  canaryWeight: 0,
  traffic: "open",
  validated: live,
  migration: { revision, image },
  slots: { blue: { version: "1.0.0", image: `example.com/school@${live}`, revision } },
});

/** Prod's own config with a release of digest `live`, as the engine gives it to a pack. */
function config(live = digest): Record<string, string> {
  const file = parse(readFileSync(join(__dirname, "../../../Pulumi.prod.yaml"), "utf8")) as {
    config: Record<string, unknown>;
  };
  return Object.fromEntries(
    Object.entries({ ...file.config, "deployment-safety:release": release(live) }).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** What a policy says of the resources of a compliant stack under that config, after what was published. */
async function said(id: string, published: Record<string, object>, live?: string): Promise<Broken[]> {
  const parameters = new Map(
    Object.entries(published).map(([name, value]) => [
      `/deployment-safety/prod/${name}`,
      JSON.stringify(value),
    ]),
  );
  const asked = rules.filter((rule) => rule.id === id);
  expect(asked).toHaveLength(1);
  return broken(asked, compliantStack, {
    config: config(live),
    root,
    parameters: () => Promise.resolve(parameters),
  });
}

const refusal = {
  [`refused/${"a".repeat(64)}`]: {
    digest,
    reason: "5 % errors",
    actor: "ops",
    at: "2026-11-24T10:00:00.000Z",
  },
};

describe("a refused digest", () => {
  const id = "refused-digest-without-traffic";

  it("may not have traffic, and who refused it is said", async () => {
    const found = await said(id, refusal);
    expect(found).toHaveLength(1);
    expect(found[0]?.text).toMatch(/^traffic, actions: found .*refused by ops at .*5 % errors/);
  });

  it("does not hold up another", async () => {
    expect(await said(id, refusal, `sha256:${"b".repeat(64)}`)).toEqual([]);
    expect(await said(id, {})).toEqual([]);
  });
});

describe("a revision that nobody has reviewed and proved", () => {
  const id = "revision-proved-and-reviewed";

  it("is refused where the database has yet to take it, with what is missing", async () => {
    const found = await said(id, {});
    expect(found.map(({ found: what }) => what.split(":")[0])).toEqual([
      "revisions-reviewed",
      "seeds-current",
      "downgrades-proved",
    ]);
  });

  it("does not hold up an update of a database that is there already", async () => {
    expect(await said(id, { release: release(digest) })).toEqual([]);
  });
});

describe("policies of a program without this project's config", () => {
  it("ask no parameters", async () => {
    const parameters = () => Promise.reject(new Error("was asked"));
    const job = compliantStack.filter(({ type }) => type === types.job || type === types.listenerRule);
    const asked = rules.filter(({ id }) => /^(refused|revision|irreversible)-/.test(id));
    expect(await broken(asked, job, { parameters })).toEqual([]);
  });
});
