import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createEngine, type UpdateFailed } from "../../../cli/ports/engine";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "engine-"));
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** What `up` throws where the engine writes these events and fails. */
async function failing(...events: object[]): Promise<UpdateFailed> {
  const log = join(folder, "events.json");
  writeFileSync(log, events.map((event) => JSON.stringify(event)).join("\n"));
  const pulumi = `#!/bin/sh\nfor word; do [ "$last" = --event-log ] && cp '${log}' "$word"; last=$word; done\nexit 255\n`;
  writeFileSync(join(folder, "pulumi"), pulumi);
  chmodSync(join(folder, "pulumi"), 0o755);
  const engine = createEngine(folder, "prod");
  const signal = new AbortController().signal;
  const up = engine.up({ message: "m", lease: "l", isRollback: false, output: () => undefined, signal });
  return up.then(
    () => expect.unreachable(),
    (error: unknown) => error as UpdateFailed,
  );
}
const says = (message: string) => ({ diagnosticEvent: { severity: "error", message } });
const fails = {
  resOpFailedEvent: { metadata: { op: "update", type: "k8s:Job", urn: "urn:pulumi:prod::p::k8s:Job::job" } },
};
const policy = (enforcementLevel: string) => ({
  policyEvent: { policyName: "p", enforcementLevel, message: "no" },
});

describe("an update that failed", () => {
  it("is refused where the program says so, also after another complaint", async () => {
    expect((await failing(says("Refused: no"))).kind).toBe("refused");
    expect((await failing(says("the listener is not there\nRefused: no"))).kind).toBe("refused");
  });
  it("is refused where a mandatory policy forbids it, and not where one only reports", async () => {
    expect((await failing(policy("mandatory"))).kind).toBe("refused");
    expect((await failing(policy("advisory"))).kind).toBe("failed");
  });
  it("failed where a resource was touched, or where nobody said no", async () => {
    expect((await failing(fails, says("Refused: no"))).kind).toBe("failed");
    expect((await failing(says("dial tcp: Connection refused: 5432"))).kind).toBe("failed");
  });
});
