import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { incidentId, incidentMessage } from "../../decisions/incidents";
import type { Context } from "../../operations/context";
import { exitCodes, Failure } from "../../operations/failure";
import { reportTakenBack } from "../../operations/incidents";
import type { AuditRecord } from "../../operations/ports/reporting";
import { recordsOf } from "../../operations/record";
import { settingsWith, served } from "../decisions/samples";
import { quietReport } from "./fakes";

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "incidents-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const contextOf = (command: string, fields: Record<string, unknown> = {}, dryRun = false) =>
  ({
    command,
    root,
    stack: "prod",
    options: { actor: "ada", version: "1.2.0", dryRun },
    report: { ...quietReport(), fields },
    settings: { ...settingsWith(served()), comms: undefined, reporting: { secretName: "s", key: "k" } },
  }) as unknown as Context;
const recorded = (ctx: Context) =>
  recordsOf(ctx)
    .waiting()
    .map((content) => (content as AuditRecord).body.incident);

describe("a release that was taken back", () => {
  it("by the gate is an incident with its figures, opened and mitigated under one id", async () => {
    const ctx = contextOf("deploy", { gate: { verdict: "rollback" } });
    await reportTakenBack(
      ctx,
      exitCodes.rolledBack,
      new Failure(exitCodes.rolledBack, "the canary fails\nmore"),
    );
    const entries = recorded(ctx);
    expect(entries.map((entry) => entry?.state)).toEqual(["opened", "mitigated"]);
    expect(new Set(entries.map((entry) => entry?.id)).size).toBe(1);
    expect(entries[0]?.body).toMatchObject({ done: "the canary fails", gate: { verdict: "rollback" } });
  });

  it("by hand is one too, but not in a dry run, nor when nothing was restored", async () => {
    const ctx = contextOf("rollback", { restoredUpdate: "7" });
    await reportTakenBack(ctx, exitCodes.done, undefined);
    expect(recorded(ctx)).toHaveLength(2);
    await reportTakenBack(contextOf("rollback", { restoredUpdate: "7" }, true), exitCodes.done, undefined);
    await reportTakenBack(contextOf("rollback"), exitCodes.done, undefined);
    await reportTakenBack(contextOf("deploy"), exitCodes.done, undefined);
    expect(recorded(ctx)).toHaveLength(2);
  });
});

it("the same cause on the same stack is the same incident", () => {
  expect(incidentId("prod", "ticket:7")).toBe(incidentId("prod", "ticket:7"));
  expect(incidentId("prod", "ticket:7")).not.toBe(incidentId("staging", "ticket:7"));
});

it("a message says what, since when in the school's time, what was done, what comes next and whom to ask", () => {
  const message = incidentMessage({
    id: "INC-1",
    title: "grades are missing",
    state: "mitigated",
    stack: "prod",
    since: new Date("2026-11-24T20:00Z"),
    zone: "Africa/Cairo",
    done: "rolled back to 1.1.0",
    next: "the cause is looked for",
    contact: { en: "the office", ar: "المكتب" },
  });
  expect(message.subject).toBe("Service restored: grades are missing (prod, INC-1)");
  expect(message.text).toMatch(
    /Since: Tue, 24 Nov 2026, 22:00 Africa\/Cairo[^]*Done: rolled[^]*Next: the cause[^]*the office/,
  );
});
