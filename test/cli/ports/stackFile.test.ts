import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { Failure } from "../../../cli/shell/failure";
import { findRoot, readStackFile, withKey, writeStackFile } from "../../../cli/ports/stackFile";
import { after, served, written } from "../../decisions/samples";

const key = "deployment-safety:release";
const text = `# The school.
config:
  aws:region: eu-central-1
  ${key}:
    # rises with every step
    serial: 3 # three
    live: blue
    slots: {}
  # below
  deployment-safety:flags: {a: {roles: [teacher], risk: high}}
`;

describe("withKey", () => {
  it("changes the key and leaves every other byte, comments within the key included", () =>
    expect(withKey(text, key, { serial: 4, live: "green", slots: {} })).toBe(
      text.replace("serial: 3", "serial: 4").replace("live: blue", "live: green"),
    ));
  it("gives the text itself when nothing differs", () =>
    expect(withKey(text, key, { serial: 3, live: "blue", slots: {} })).toBe(text));
  it("quotes what YAML or Pulumi would read as something else than a string", () => {
    const revisions = ["123", "1e3", "0x1f", "1_000", "no", "9c1b0d2f"];
    const changed = withKey(text, key, { revisions, serial: 3 });
    for (const revision of revisions) expect(changed).toContain(`"${revision}"`);
    expect((parse(changed) as { config: Record<string, unknown> }).config[key]).toEqual({
      revisions,
      serial: 3,
    });
  });
  it("removes what the new value does not have", () =>
    expect(withKey(text, key, { serial: 3 })).not.toContain("live"));
  it("adds a key that the file does not have", () =>
    expect(
      (parse(withKey(text, "deployment-safety:sizing", { standby: "full" })) as { config: object }).config,
    ).toMatchObject({
      "deployment-safety:sizing": { standby: "full" },
    }));
});

describe("a stack file", () => {
  let root: string;
  const file = () => join(root, "Pulumi.prod.yaml");
  const put = (config: Record<string, unknown>) =>
    writeFileSync(
      file(),
      stringify({
        config: Object.fromEntries(
          Object.entries(config).map(([name, value]) => [`deployment-safety:${name}`, value]),
        ),
      }),
    );
  const failure = (action: () => unknown): Failure => {
    try {
      action();
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    }
    throw new Error("nothing was thrown");
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "stack-file-"));
    writeFileSync(join(root, "Pulumi.yaml"), "name: deployment-safety\nruntime: nodejs\n");
    put(written(served()));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("is read from the project's folder, found upwards", () => {
    expect(findRoot(root)).toBe(root);
    expect(readStackFile(root, "prod").settings.release).toEqual(served());
  });
  it("that does not exist is a usage error (2) which names the stacks there are", () => {
    const { exitCode, message } = failure(() => readStackFile(root, "production"));
    expect(exitCode).toBe(2);
    expect(message).toMatch(/no stack `production`.*Known stacks: prod\./);
  });
  it("with faults is an invalid config (3), all of them at once, with their paths", () => {
    put(written({ ...served(), canaryWeight: 11 }, { gate: { holdSeconds: "soon" } }));
    const { exitCode, message } = failure(() => readStackFile(root, "prod"));
    expect(exitCode).toBe(3);
    expect(message).toMatch(/release\.canaryWeight/);
    expect(message).toMatch(/gate\.holdSeconds/);
    expect(message).toMatch(/gate\.minRequests/);
  });
  it("that is not YAML is an invalid config (3)", () => {
    writeFileSync(file(), "config: [");
    expect(failure(() => readStackFile(root, "prod")).exitCode).toBe(3);
  });
  it("is replaced in one move: no second file is left, and it holds what was written", () => {
    const next = after(served(), 2);
    writeStackFile(file(), { release: next });
    expect(readStackFile(root, "prod").settings.release).toEqual(next);
    expect(readdirSync(root).sort()).toEqual(["Pulumi.prod.yaml", "Pulumi.yaml"]);
  });
  it("is not touched by a change that changes nothing", () => {
    const before = readFileSync(file(), "utf8");
    expect(writeStackFile(file(), { release: served() })).toBe(before);
  });
});
