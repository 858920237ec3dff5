import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { run as review } from "../../../../cli/commands/approval/review";
import type { Raw } from "../../../../cli/shell/options";
import { sha256Of } from "../../../../repository/approval/evidence";
import { containing, runCommand } from "../../memory/command";
import { live, memoryStack, type MemoryStack } from "../../memory/stack";

const revision = "3f2a77aa";
const target = `evidence/review/${revision}.json`;

let stack: MemoryStack;
let tools: string;
/** What was written to the terminal beside the command's own output. */
let shown: string[];
beforeEach(() => {
  stack = memoryStack({}, live());
  tools = mkdtempSync(join(tmpdir(), "review-"));
  vi.stubEnv("PATH", `${tools}:${process.env.PATH}`);
  vi.stubEnv("GIT_AUTHOR_NAME", "Ada");
  vi.stubEnv("GIT_AUTHOR_EMAIL", "ada@example.com");
  shown = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => shown.push(String(text)) > 0);
  answers(`{"text":"ALTER TABLE pupils","findings":0}`);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(tools, { recursive: true });
});

/** What `python -m migrations.check show` prints; undefined: it fails. */
function answers(text: string | undefined): void {
  const script = text === undefined ? "exit 3" : `cat <<'END'\n${text}\nEND`;
  writeFileSync(join(tools, "python"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(tools, "python"), 0o755);
}
const type = (options: Raw = {}) => runCommand(stack, "review", review, { revision, ...options });
const isWritten = () => existsSync(join(stack.root, target));

describe("make review", () => {
  it("shows the SQL, and writes evidence of the file as it is, with how to commit it", async () => {
    const ended = await type();
    expect(ended).toMatchObject({
      exitCode: 0,
      stdout: `${target} is written. It counts once you commit it.\n`,
      next: `git add ${target} && git commit -S -m "Review ${revision}"`,
    });
    expect(shown.join("")).toContain("ALTER TABLE pupils");
    expect(JSON.parse(readFileSync(join(stack.root, target), "utf8"))).toEqual({
      kind: "review",
      subject: revision,
      sha256: sha256Of(stack.root, `migrations/revisions/${revision}_guardian_names.py`),
      at: "2026-11-24T00:00:00.000Z",
      details: {},
    });
  });

  it.each([
    ["without a revision", { revision: "" }, 2, "REVISION is missing; there are 3f2a77aa, 8c0d1b2e"],
    ["of an unknown revision", { revision: "beef" }, 2, "There is no revision `beef`"],
    ["that nobody confirms", { yes: false }, 2, "YES=1"],
  ])("writes nothing %s", async (_, options, exitCode, message) => {
    const ended = await type(options);
    expect([ended.exitCode, isWritten()]).toEqual([exitCode, false]);
    expect(ended.stderr).toContain(message);
  });

  it("refuses the author's own, and a revision that is not committed as it is", async () => {
    vi.stubEnv("GIT_AUTHOR_NAME", "Bo");
    expect(await type()).toMatchObject({
      exitCode: 4,
      stderr: containing("authors cannot review their own"),
    });
    writeFileSync(join(stack.root, `migrations/revisions/${revision}_guardian_names.py`), "\n# edited", {
      flag: "a",
    });
    expect(await type()).toMatchObject({
      exitCode: 4,
      stderr: containing("Git does not say who changed"),
    });
    expect(isWritten()).toBe(false);
  });

  it("refuses a revision in which the lint finds something, and says how to see it", async () => {
    answers(`{"text":"DROP TABLE pupils","findings":2}`);
    expect(await type()).toMatchObject({ exitCode: 4, next: `make lint-migrations REVISION=${revision}` });
    expect(isWritten()).toBe(false);
  });

  it("says so where the SQL cannot be shown, and only says what it would write with DRY_RUN", async () => {
    expect((await type({ dryRun: true })).stdout).toBe(`Would write ${target}.\n`);
    answers(undefined);
    expect(await type()).toMatchObject({
      exitCode: 1,
      stderr: containing(`${revision} cannot be shown`),
    });
    expect(isWritten()).toBe(false);
  });
});
