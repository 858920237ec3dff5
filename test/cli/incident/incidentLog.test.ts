import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { incidentMessage } from "../../../decisions/incident/incident";
import { systemClock } from "../../../cli/ports/clock";
import type { Context } from "../../../cli/shell/context";
import { openIncidents, recordIncident } from "../../../cli/incident/incidentLog";
import type { AuditRecord } from "../../../cli/ports/auditTrail";
import { recordsOf } from "../../../cli/audit/recordCommand";
import { withRollbackIncident } from "../../../cli/incident/rollbackIncident";
import { digestOf, historyOf, settingsWith, served } from "../../decisions/samples";
import { memoryParameters, quietOutput } from "../fakes";

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "incidents-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const contextOf = (command: string, fields: Record<string, unknown> = {}) =>
  ({
    command,
    root,
    stack: "prod",
    options: { actor: "ada", version: "1.2.0" },
    clock: systemClock,
    signal: new AbortController().signal,
    parameters: memoryParameters(),
    output: { ...quietOutput(), fields },
    settings: { ...settingsWith(served()), comms: undefined, reporting: { secretName: "s", key: "k" } },
  }) as unknown as Context;
const ticket = {
  cause: "ticket:7",
  title: "grades are missing",
  source: "ticket" as const,
  done: "on call was told",
  next: "we look into it",
  at: new Date("2026-11-24T20:00Z"),
};
const recorded = (ctx: Context) =>
  recordsOf(ctx)
    .waiting()
    .map((content) => (content as AuditRecord).body.incident);

const taking = (bad = digestOf(1)) => ({
  operation: { history: historyOf(served()), current: served(), lease: { id: "op" } as never },
  bad,
  decidedBy: "check" as const,
  reason: "the canary fails\nmore",
});
const bodies = (ctx: Context) => recorded(ctx).map((entry) => entry?.body);

describe("a release that was rolled back", () => {
  it("is an incident with its figures, opened, mitigated and resolved under one reference", async () => {
    const ctx = contextOf("deploy", { gate: { verdict: "rollback" } });
    await withRollbackIncident(ctx, async (incident) => incident.open(taking()));
    expect(recorded(ctx).map((entry) => entry?.state)).toEqual(["opened", "mitigated", "resolved"]);
    expect(new Set(recorded(ctx).map((entry) => entry?.id)).size).toBe(1);
    expect(bodies(ctx)[0]).toMatchObject({
      done: "the release is being rolled back by itself: the canary fails",
      gate: { verdict: "rollback" },
      badVersion: "1.1.0",
      told: ["on-call", "stakeholders"],
    });
    expect((await openIncidents(ctx))[0]).toMatchObject({ state: "resolved", version: "1.1.0" });
  });

  it("says so to on call where going back failed, and stays open", async () => {
    const ctx = contextOf("rollback");
    const failing = withRollbackIncident(ctx, async (incident) => {
      incident.open(taking());
      throw new Error("no lease");
    });
    await expect(failing).rejects.toThrow("no lease");
    expect(recorded(ctx).map((entry) => entry?.state)).toEqual(["opened", "note"]);
    expect(bodies(ctx)[1]).toMatchObject({ told: ["on-call"], done: "going back is not finished: no lease" });
  });

  it("belongs to the incident that was named", async () => {
    const first = contextOf("incident");
    const { id } = await recordIncident(first, { ...ticket, state: "opened" });
    const ctx = { ...contextOf("rollback"), parameters: first.parameters };
    ctx.options = { ...ctx.options, incident: id };
    await withRollbackIncident(ctx, async (incident) => incident.open(taking()));
    expect(new Set(recorded(ctx).map((entry) => entry?.id))).toEqual(new Set([id]));
  });

  it("is none where nothing was begun", async () => {
    const ctx = contextOf("deploy");
    await withRollbackIncident(ctx, async () => undefined);
    expect(recorded(ctx)).toEqual([]);
  });
});

describe("an incident", () => {
  it("is the same one for the same cause, on whatever machine, until it is resolved", async () => {
    const ctx = contextOf("incident");
    const opened = { ...ticket, state: "opened" as const };
    const one = await recordIncident(ctx, opened);
    expect(await recordIncident(ctx, opened)).toMatchObject({ id: one.id, isNew: false });
    await recordIncident(ctx, { ...ticket, cause: one.cause, state: "resolved" });
    const two = await recordIncident(ctx, opened);
    expect(two).toMatchObject({ isNew: true });
    expect(two.id).not.toBe(one.id);
    expect((await openIncidents(ctx)).map(({ id }) => id).toSorted()).toEqual([one.id, two.id].toSorted());
    await recordIncident(ctx, { ...ticket, cause: two.cause, state: "closed" });
    expect((await openIncidents(ctx)).map(({ id }) => id)).toEqual([one.id]);
  });

  it("is recorded also when the parameters cannot be reached", async () => {
    const ctx = contextOf("incident");
    const away = () => Promise.reject(new Error("away"));
    const cut = { ...ctx, parameters: { ...ctx.parameters, create: away, read: away, put: away } };
    await recordIncident(cut, { ...ticket, state: "opened" });
    expect(recorded(ctx).map((entry) => entry?.state)).toEqual(["opened"]);
  });
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
