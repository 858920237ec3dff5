import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createEngine, StackLocked } from "../../../cli/ports/engine";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "engine-"));
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A `pulumi` that keeps its words in a file and then does what this script says; `$*` are the words. */
function pulumi(script: string): void {
  const text = `#!/bin/sh\necho "$*" >> '${folder}/words'\n${script}\n`;
  writeFileSync(join(folder, "pulumi"), text);
  chmodSync(join(folder, "pulumi"), 0o755);
}
const words = () =>
  existsSync(join(folder, "words")) ? readFileSync(join(folder, "words"), "utf8").trim().split("\n") : [];
const engine = (patience?: number) => createEngine(folder, "prod", patience);
const signal = new AbortController().signal;
const args = { message: "m", lease: "lease-1", isRollback: false, output: () => undefined, signal };
const fails = (stderr: string) => `echo '${stderr}' >&2; exit 255`;

describe("stack history", () => {
  it("is read to its last page, newest first", async () => {
    const page = (length: number) => JSON.stringify(Array.from({ length }, (_, version) => ({ version })));
    writeFileSync(join(folder, "1"), page(100));
    writeFileSync(join(folder, "2"), page(3));
    pulumi(`case "$*" in *"--page 1 "*) cat '${folder}/1';; *) cat '${folder}/2';; esac`);
    expect(await engine().history()).toHaveLength(103);
    expect(words()).toHaveLength(2);
  });

  it("of a stack that does not exist yet is empty, and the first update makes the stack", async () => {
    pulumi(`case "$*" in *history*) ${fails("error: no stack named prod")};; esac`);
    const fresh = engine();
    expect(await fresh.history()).toEqual([]);
    await fresh.up(args);
    await fresh.up(args);
    expect(words().map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "stack history",
      "stack init",
      "up --yes",
      "up --yes",
    ]);
  });

  it("that cannot be read is an error with what pulumi said", async () => {
    pulumi(fails("error: no credentials"));
    await expect(engine().history()).rejects.toThrow(
      /`pulumi stack history .*` failed: error: no credentials/,
    );
  });

  it("that never comes ends the wait, and says which command did not end", async () => {
    pulumi("exec sleep 60");
    await expect(engine(0.2).history()).rejects.toThrow(
      /`pulumi stack history .*` did not end within 0\.2 s/,
    );
  });

  it("cannot be read without `pulumi`, and says how to get it", async () => {
    vi.stubEnv("PATH", folder);
    await expect(engine().history()).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("make doctor") as string,
    });
  });
});

it("resources whose operation never ended are named with their type", async () => {
  const operation = { type: "updating", resource: { urn: "urn:pulumi:prod::p::k8s:Job::job" } };
  pulumi(`echo '${JSON.stringify({ deployment: { pending_operations: [operation] } })}'`);
  expect(await engine().pending()).toEqual(["updating urn:pulumi:prod::p::k8s:Job::job"]);
  pulumi(`echo '{"deployment":{}}'`);
  expect(await engine().pending()).toEqual([]);
});

it("outputs of another stack are asked for once at a time; a stack or an output that is not there is undefined", async () => {
  pulumi(`echo '{"validated":"sha256:1","number":1}'`);
  const port = engine();
  const outputs = await Promise.all([
    port.outputOf("staging", "validated"),
    port.outputOf("staging", "number"),
  ]);
  expect([outputs, words().length]).toEqual([["sha256:1", undefined], 1]);
  pulumi(fails("error: no stack named staging"));
  expect(await port.outputOf("staging", "validated")).toBeUndefined();
  pulumi(fails("error: no credentials"));
  await expect(port.outputOf("staging", "validated")).rejects.toThrow("no credentials");
});

it("a lock is taken off with `pulumi cancel`", async () => {
  pulumi("");
  await engine().unlock();
  expect(words()).toEqual(["cancel --yes --stack prod --non-interactive"]);
});

describe("an update", () => {
  it("runs under its lease, says what it does line by line, and returns what it changed", async () => {
    const changed = (op: string, type: string, name: string) => ({
      resOutputsEvent: { metadata: { op, type, urn: `urn:pulumi:prod::p::${type}::${name}` } },
    });
    const events = [
      changed("update", "k8s:Deployment", "web"),
      changed("same", "k8s:Service", "web"),
      changed("update", "pulumi:pulumi:Stack", "prod"),
    ];
    writeFileSync(
      join(folder, "events"),
      `${events.map((event) => JSON.stringify(event)).join("\n")}\n{"half`,
    );
    pulumi(
      `[ "$DEPLOYMENT_SAFETY_LEASE" = lease-1 ] || exit 9\necho one; echo; echo two >&2\nfor word; do [ "$last" = --event-log ] && cp '${folder}/events' "$word"; last=$word; done; exit 0`,
    );
    const lines: string[] = [];
    expect(await engine().up({ ...args, output: (line) => void lines.push(line) })).toEqual([
      { operation: "update", type: "k8s:Deployment", name: "web" },
    ]);
    expect(lines.sort()).toEqual(["one", "two"]);
    expect(words()[0]).not.toContain("--exclude");
  });

  it("of a rollback leaves the database's roles alone and lets policies only report, each of them", async () => {
    vi.stubEnv("PULUMI_OPTION_POLICY_PACK", "one,two");
    pulumi(`echo "$PULUMI_OPTION_POLICY_PACK_CONFIG"; cat "\${PULUMI_OPTION_POLICY_PACK_CONFIG%%,*}"`);
    const lines: string[] = [];
    await engine().up({ ...args, isRollback: true, output: (line) => void lines.push(line) });
    const [configs = "", content] = lines;
    expect(configs.split(",")).toHaveLength(2);
    expect(content).toBe('{"all":"advisory"}');
    expect(words()[0]).toContain("--exclude **$postgresql:**");
    expect(existsSync(configs.split(",")[0] ?? ""), "nothing is left behind").toBe(false);
  });

  it("that meets the backend's lock says who has it", async () => {
    const text =
      "error: the stack is currently locked by 1 lock(s). x: created by ada@ci-7 (pid 4711) at 2026-11-24";
    pulumi(`echo '${text}'; exit 255`);
    const failure = await engine()
      .up(args)
      .catch((error: unknown) => error as StackLocked);
    expect(failure).toBeInstanceOf(StackLocked);
    expect(failure).toHaveProperty("message", "The stack is locked by ada@ci-7 (pid 4711) since 2026-11-24.");
  });

  it("that is interrupted is told so once, and ends in its own time", async () => {
    pulumi(`trap 'echo stopping; exit 130' INT; echo started; while :; do sleep 0.05; done`);
    const abort = new AbortController();
    const lines: string[] = [];
    const output = (line: string) => {
      lines.push(line);
      if (line === "started") abort.abort(new Error("stop"));
    };
    await expect(engine().up({ ...args, output, signal: abort.signal })).rejects.toMatchObject({
      kind: "failed",
      cause: expect.objectContaining({
        message: expect.stringContaining("ended with 130") as string,
      }) as Error,
    });
    expect(lines).toEqual(["started", "stopping"]);
  });
});
