import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { run as approve } from "../../../../cli/commands/approval/approve";
import { run as notifyGuardians } from "../../../../cli/commands/approval/notifyGuardians";
import { refuseIrreversible } from "../../../../cli/approval/irreversible";
import type { Raw } from "../../../../cli/shell/options";
import { releaseAfter } from "../../../../decisions/release/nextRelease";
import { parameters as paths } from "../../../../decisions/stack/names";
import { sample } from "../../../decisions/samples";
import { broken, sent } from "../../memory/channels";
import { containing, runCommand } from "../../memory/command";
import { recordedStack } from "../../memory/recorded";
import { live, memoryStack, type MemoryStack } from "../../memory/stack";

vi.mock("../../../../cli/ports/auditTrail", () => import("../../memory/auditTrail.js"));
vi.mock("../../../../cli/ports/queue", () => import("../../memory/queue.js"));
vi.mock("../../../../cli/ports/channels", () => import("../../memory/channels.js"));

/** A revision of the example, which here cannot be undone. */
const change = "d2c94f60";
const revisionFile = "migrations/revisions/d2c94f60_guardian_full_name_gone.py";
const evidenceFile = `evidence/approval/${change}.json`;
const calendar = { zone: "UTC", schoolHours: { from: "07:00", to: "15:00" } };

let stack: MemoryStack;
beforeEach(() => {
  irreversibleStack(calendar);
});
afterEach(() => void vi.unstubAllEnvs());

/** Whoever commits and types from now on; Bo wrote the revisions. */
function actAs(name: string): void {
  for (const role of ["AUTHOR", "COMMITTER"]) {
    vi.stubEnv(`GIT_${role}_NAME`, name);
    vi.stubEnv(`GIT_${role}_EMAIL`, `${name.toLowerCase()}@example.com`);
  }
}
const git = (...words: string[]) =>
  execFileSync("git", ["-c", "commit.gpgsign=false", ...words], { cwd: stack.root });
const commit = () => {
  git("add", "--force", revisionFile, ...(existsSync(join(stack.root, evidenceFile)) ? [evidenceFile] : []));
  git("commit", "--quiet", "--message", "work");
};
/** Edits the revision as its author. */
function revise(from: string, to: string): void {
  const path = join(stack.root, revisionFile);
  writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  actAs("Bo");
  commit();
  actAs("Ada");
}
const touchGuardians = () => revise('impact = "none"', 'impact = "guardians see no full name"');
function irreversibleStack(changeWindow: Record<string, unknown>): MemoryStack {
  stack = recordedStack({ changeWindow });
  revise("reversible = True", "reversible = False");
  return stack;
}
const type = (options: Raw = {}) =>
  runCommand(stack, "approve", approve, { change, reason: "the full name is not used any more", ...options });
const notify = (options: Raw = {}) =>
  runCommand(stack, "notify-guardians", notifyGuardians, { change, ...options });
const written = () =>
  JSON.parse(readFileSync(join(stack.root, evidenceFile), "utf8")) as {
    at: string;
    sha256: string;
    details: { window: { from: string; to: string }; expires: string };
  };
const isWritten = () => existsSync(join(stack.root, evidenceFile));

describe("make approve", () => {
  it("writes an approval for the rest of this night, and says how it begins to count", async () => {
    const ended = await type();
    expect(ended).toMatchObject({ exitCode: 0, next: "make status" });
    expect(ended.stdout).toContain(`It counts once it is committed: git add ${evidenceFile} && git commit`);
    expect(written()).toMatchObject({
      at: "2026-11-24T00:00:00.000Z",
      details: {
        reason: "the full name is not used any more",
        window: { from: "2026-11-24T00:00:00.000Z", to: "2026-11-24T07:00:00.000Z" },
        expires: "2026-11-24T07:00:00.000Z",
      },
    });
    expect((await type()).stdout).toMatch(/^Approved anew: /);
  });

  it("takes the next window that is long enough, once the hours of notice to guardians are over", async () => {
    await stack.clock.wait(8 * 3_600_000);
    await type();
    expect(written().details.window).toEqual({
      from: "2026-11-24T15:00:00.000Z",
      to: "2026-11-25T07:00:00.000Z",
    });
    touchGuardians();
    expect((await type()).next).toBe(`make notify-guardians CHANGE=${change}`);
    expect(written().details.window).toEqual({
      from: "2026-11-26T15:00:00.000Z",
      to: "2026-11-29T07:00:00.000Z",
    });
  });

  it("takes the window and the expiry that are typed", async () => {
    await type({ window: "2026-11-24T20:00/2026-11-25T02:00", expires: "2026-11-25T01:00" });
    expect(written().details).toMatchObject({
      window: { from: "2026-11-24T20:00:00.000Z", to: "2026-11-25T02:00:00.000Z" },
      expires: "2026-11-25T01:00:00.000Z",
    });
  });

  it.each([
    ["is no window", { window: "tonight" }, 2, "allowed is <from>/<to>"],
    [
      "reaches into school hours",
      { window: "2026-11-24T05:00/2026-11-24T09:00" },
      4,
      "school hours or a freeze begin at",
    ],
    [
      "begins in school hours",
      { window: "2026-11-24T08:00/2026-11-24T16:00" },
      4,
      "at its beginning school hours are",
    ],
    ["is over", { window: "2026-11-23T20:00/2026-11-23T22:00" }, 4, "it is over"],
    ["ends before it begins", { window: "2026-11-24T22:00/2026-11-24T20:00" }, 4, "it is shorter than the"],
    ["has an expiry that is no time", { expires: "soon" }, 2, "EXPIRES: `soon` is no time"],
    ["expired before", { expires: "2026-11-23T20:00" }, 2, "which is over"],
    ["has no reason", { reason: "" }, 2, "REASON is missing: say why you approve the change"],
    [
      "is about nothing that is irreversible",
      { change: "8c0d1b2e" },
      2,
      `changes that cannot be undone are: ${change}, vault-lock`,
    ],
  ])("refuses an approval that %s, and writes nothing", async (_, options, exitCode, message) => {
    const ended = await type(options);
    expect([ended.exitCode, isWritten()]).toEqual([exitCode, false]);
    expect(ended.stderr).toContain(message);
  });

  it("refuses the author's own, and that of a revision whose author git does not know", async () => {
    actAs("Bo");
    const own = await type();
    expect(own.exitCode).toBe(4);
    expect(own.stderr).toContain(
      `bo@example.com changed ${change} last, and authors cannot approve their own change`,
    );
    actAs("Ada");
    writeFileSync(join(stack.root, revisionFile), "\n# edited", { flag: "a" });
    expect((await type()).stderr).toContain(`Git does not say who changed ${change} last: commit it first`);
    expect(isWritten()).toBe(false);
  });

  it("finds no window where the school is never closed, and needs a stack that has windows", async () => {
    irreversibleStack({ ...calendar, freezes: [{ from: "2026-01-01", to: "2028-12-31", name: "exams" }] });
    expect(await type()).toMatchObject({
      exitCode: 2,
      stderr: containing("leaves no window open"),
    });
    stack = memoryStack({}, live());
    expect(await type()).toMatchObject({
      exitCode: 2,
      stderr: containing("has no `changeWindow`"),
    });
  });

  it("only says what it would write with DRY_RUN", async () => {
    expect((await type({ dryRun: true })).stdout).toMatch(
      /^Would approve d2c94f60 .*, in evidence\/approval/,
    );
    expect(isWritten()).toBe(false);
  });
});

describe("make notify-guardians", () => {
  beforeEach(async () => {
    touchGuardians();
    await type();
    commit();
  });
  const notice = () =>
    JSON.parse(stack.parameters.get(paths.evidence("prod", "notice", change)) ?? "null") as unknown;

  it("sends one notice in both languages with the approved window, and records when", async () => {
    const ended = await notify();
    expect(ended).toMatchObject({ exitCode: 0, next: "make status", fields: { reached: ["topic"] } });
    expect(ended.stdout).toContain(
      "Sent to guardians by topic. The change may run 48 hours from now at the earliest.",
    );
    expect(sent).toMatchObject([
      { audience: "guardians", text: containing(/guardians see no full name[^]*تعديل/) },
    ]);
    const { sha256, details } = written();
    expect(notice()).toEqual({
      subject: change,
      sha256,
      ...details.window,
      sentAt: "2026-11-24T00:00:00.000Z",
    });
    expect((await notify()).stdout).toContain("nothing was sent again");
    expect(sent).toHaveLength(1);
  });

  it("says that the hours have not begun where it could not be sent, and sends it once when run again", async () => {
    broken.set("topic", new Error("away"));
    const failed = await notify();
    expect(failed).toMatchObject({ exitCode: 1, next: `make notify-guardians CHANGE=${change}` });
    expect(failed.stderr).toContain("the hours of notice begin only once it is sent");
    expect(notice()).toBeNull();
    await notify();
    broken.clear();
    expect((await notify()).exitCode).toBe(0);
    expect(sent).toHaveLength(1);
  });

  it("sends another notice where another window was approved", async () => {
    await notify();
    await type({ window: "2026-12-01T20:00/2026-12-02T02:00" });
    commit();
    await notify();
    expect(sent).toHaveLength(2);
    expect(notice()).toMatchObject({ from: "2026-12-01T20:00:00.000Z" });
  });

  it("refuses a change that was edited since it was approved, or was never approved", async () => {
    writeFileSync(join(stack.root, revisionFile), "\n# edited", { flag: "a" });
    const edited = await notify();
    expect(edited.exitCode).toBe(4);
    expect(edited.stderr).toContain("it was edited since. Nothing was sent.");
    git("rm", "--quiet", "--force", evidenceFile);
    expect((await notify()).stderr).toContain(`there is no ${evidenceFile}`);
    expect([sent, edited.next]).toEqual([[], `make approve CHANGE=${change} REASON=<why>`]);
  });

  it("only shows the notice with DRY_RUN, and needs people to notify", async () => {
    expect((await notify({ dryRun: true, text: "Full names are gone." })).stdout).toMatch(
      /^Would send to guardians:\n[^]*Full names are gone/,
    );
    stack = memoryStack({ config: { changeWindow: calendar } }, live());
    const silent = await notify({ change: "vault-lock" });
    expect(silent).toMatchObject({ exitCode: 2, stderr: containing("has no `comms`") });
    expect([sent, notice()]).toEqual([[], null]);
  });
});

describe("an update that cannot be undone", () => {
  const wanted = () => releaseAfter.migrate(live(), { revision: change, image: sample(2).image });
  const refuse = (options: Raw = {}) =>
    refuseIrreversible(stack.context("migrate", options), live(), wanted());

  it("is refused with every reason where nothing was approved, and allowed once everything is there", async () => {
    await expect(refuse()).rejects.toMatchObject({
      exitCode: 4,
      message: containing(
        /may not run now; nothing was changed:\n {2}- .*\(approval-missing\)[^]*\(recovery-point\)[^]*\(drill\)/,
      ),
    });
    await type();
    commit();
    const at = stack.clock.now().toISOString();
    stack.parameters.set(paths.evidence("prod", "recovery-point", "last"), JSON.stringify({ at }));
    stack.parameters.set(paths.evidence("prod", "drill", "last"), JSON.stringify({ at, ok: true }));
    await refuse();
    await stack.clock.wait(7 * 3_600_000);
    await expect(refuse({ dryRun: true })).rejects.toMatchObject({
      message: containing("outside-hours"),
    });
  });

  it("is none where the schema stays as it is", async () => {
    await refuseIrreversible(stack.context("migrate"), live(), live());
  });
});
