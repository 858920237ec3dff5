import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HistoryEntry } from "../../../../decisions/stack/history";
import { readMessage } from "../../../../decisions/stack/updateMessage";
import { parameters as paths } from "../../../../decisions/stack/names";
import { releaseAfter } from "../../../../decisions/release/nextRelease";
import { run } from "../../../../cli/commands/flags/flag";
import type { Context } from "../../../../cli/shell/context";
import { readOptions, type Raw } from "../../../../cli/shell/options";
import { readStackFile, withKey } from "../../../../cli/ports/stackFile";
import { entry, served } from "../../../decisions/samples";
import { memoryParameters, quietOutput } from "../../fakes";
import { systemClock } from "../../../../cli/ports/clock";

const project = resolve(__dirname, "../../../..");
const live = served();

let root: string;
let history: HistoryEntry[];
let messages: string[];
let parameters: ReturnType<typeof memoryParameters>;

const file = () => join(root, "Pulumi.prod.yaml");
const text = () => readFileSync(file(), "utf8");
const settings = () => readStackFile(root, "prod").settings;
/** What an update leaves: an entry with the file's config. */
const record = () => {
  const { flags, heldFlags } = settings();
  history.unshift(entry(settings().release, {}, { flags, heldFlags }));
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "deployment-safety-flag-"));
  for (const name of ["Pulumi.yaml", "Pulumi.prod.yaml"])
    writeFileSync(join(root, name), readFileSync(join(project, name), "utf8"));
  use(live);
});
afterEach(() => rmSync(root, { recursive: true }));

function use(release: typeof live): void {
  const before = text().replace(
    /(percentage: 10\n)/,
    "      # a tenth, agreed with the grades team\n      $1",
  );
  writeFileSync(file(), withKey(before, "deployment-safety:release", release));
  history = [];
  messages = [];
  record();
  parameters = memoryParameters(new Map([[paths.release("prod"), JSON.stringify(release)]]));
}

/** Runs the command as from a terminal, over an engine that only keeps history. */
async function flag(raw: Raw): Promise<string> {
  const read = readStackFile(root, "prod");
  const printed: string[] = [];
  const engine = {
    history: () => Promise.resolve(history),
    pending: () => Promise.resolve([]),
    up: ({ message }: { message: string }) => {
      messages.push(message);
      record();
      return Promise.resolve([]);
    },
  };
  const output = { ...quietOutput(), print: (line: string) => void printed.push(line) };
  const signal = new AbortController().signal;
  const context = {
    command: "flag",
    root,
    stack: "prod",
    options: readOptions(raw, {}),
    output,
    signal,
    file: read,
  };
  const ports = {
    settings: read.settings,
    parameters,
    engine,
    clock: systemClock,
    stopUpdates: signal,
    abort: () => undefined,
  };
  // Only these parts are touched by this command.
  await run({ ...context, ...ports } as unknown as Context);
  return printed.join("\n");
}

describe("make flag", () => {
  it("changes one flag in the file, keeps the comments, and applies it once under the same serial", async () => {
    const said = await flag({ name: "gradebook-v2", percentage: "25" });
    expect(said).toMatch(/everybody else from 10 % up to 25 %/);
    expect(settings().flags["gradebook-v2"]).toMatchObject({ percentage: 25, roles: ["teacher"] });
    expect(settings().release).toEqual(live);
    expect(text()).toContain("# a tenth, agreed with the grades team");
    expect(messages.map((message) => readMessage(message).note?.step)).toEqual(["flags"]);
    await flag({ name: "gradebook-v2", percentage: "25" });
    expect(messages).toHaveLength(1);
  });
  it("only says what it would do with DRY_RUN", async () => {
    const before = text();
    expect(await flag({ name: "gradebook-v2", percentage: "25", dryRun: true })).toMatch(
      /^Would change and apply/,
    );
    expect([text(), messages.length]).toEqual([before, 0]);
  });
  it("refuses to widen a risky flag before validation, and leaves the file as it was", async () => {
    use(releaseAfter.rollback(live, live.live));
    const before = text();
    await expect(flag({ name: "gradebook-v2", percentage: "25" })).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(/off: the live release is not validated/) as string,
    });
    expect([text(), messages.length]).toEqual([before, 0]);
    await flag({ name: "gradebook-v2", percentage: "5" });
    expect(settings().flags["gradebook-v2"]?.percentage).toBe(5);
  });
  it("refuses what cannot be asked, with exit code 2, before it takes the lease", async () => {
    for (const raw of [{}, { name: "no", percentage: "5" }, { name: "gradebook-v2", percentage: "500" }])
      await expect(flag(raw)).rejects.toMatchObject({ exitCode: 2 });
    expect(messages).toEqual([]);
  });
  it("holds a flag off, keeps it held from an old file, and releases it by a name and a reason", async () => {
    const old = text();
    await flag({ name: "gradebook-v2", hold: "on", reason: "wrong grades", incident: "inc-7" });
    expect(settings().heldFlags).toEqual({ "gradebook-v2": { reason: "wrong grades", incident: "inc-7" } });
    writeFileSync(file(), old);
    await expect(flag({ name: "gradebook-v2", percentage: "25" })).rejects.toMatchObject({ exitCode: 4 });
    expect(settings().heldFlags).toHaveProperty("gradebook-v2");
    await expect(flag({ name: "gradebook-v2", hold: "off", reason: "mended" })).rejects.toMatchObject({
      exitCode: 2,
    });
    await flag({ name: "gradebook-v2", hold: "off", reason: "mended", actor: "ada" });
    expect(settings().heldFlags).toEqual({});
    const word = parameters.values.get(paths.evidence("prod", "released-flag", "gradebook-v2")) ?? "{}";
    expect(JSON.parse(word)).toMatchObject({
      hold: "wrong grades (incident inc-7)",
      actor: "ada",
      serial: live.serial,
    });
    expect(await flag({ name: "gradebook-v2", hold: "off", reason: "mended", actor: "ada" })).toMatch(
      /so already/,
    );
  });
});
