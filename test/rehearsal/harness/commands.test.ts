import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { startInCopy } from "../../../rehearsal/harness/act/commands";
import type { Ports } from "../../../rehearsal/harness/machine/environment";

const home = mkdtempSync(join(tmpdir(), "commands-"));
mkdirSync(join(home, "logs"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const begin = (script: string) =>
  startInCopy(home, {} as Ports, ["bash", "-c", script], { folder: home, apart: true });

it("gives a command's exit code from its JSON, and what it said", async () => {
  const { result } = begin(`echo '{"exitCode":5}'; echo '  0.1 s  > a step' >&2; exit 2`);
  expect(await result).toMatchObject({ exitCode: 5, json: { exitCode: 5 }, stderr: "  0.1 s  > a step\n" });
});

it("waits for the n-th line that matches, and says where there is none", async () => {
  const begun = begin("for n in 1 2; do echo step $n >&2; done");
  expect(await begun.says(/^step/, 2)).toBe(true);
  expect(await begun.says(/^step 3/)).toBe(false);
  await begun.result;
});

it("kills a command with all that it started", async () => {
  const begun = begin("sleep 30 & echo $! >&2; wait");
  await begun.says(/^\d+$/);
  const child = Number(begun.lines[0]);
  begun.signal("SIGKILL");
  await begun.result;
  await vi.waitFor(() => expect(() => process.kill(child, 0)).toThrow(/ESRCH/), 5000);
});
