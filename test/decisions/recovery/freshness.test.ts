import { Settings } from "luxon";
import { afterEach, describe, expect, it } from "vitest";
import { reasonsAgainst, type IrreversibleChange } from "../../../decisions/approval/irreversibleChange";
import { drillAge } from "../../../decisions/deploy/checks/recovery";
import { drillDays } from "../../../decisions/recovery/freshness";
import { changeWindowSchema } from "../../../decisions/approval/changeWindow";

const calendar = changeWindowSchema.parse({ schoolHours: { from: "07:30", to: "15:00" } });
const now = new Date("2026-11-24T22:00:00Z");
const drilledAt = (secondsAgo: number) => ({
  ok: true,
  at: new Date(now.getTime() - secondsAgo * 1000).toISOString(),
  target: "",
  source: "archive",
  actor: "ada",
  findings: [],
});
const change: IrreversibleChange = {
  subject: "5e6f",
  sha256: "",
  guardians: false,
  minutes: 1,
  approval: { ok: false, reasons: [], next: "" },
};

/** Whether the checklist, and whether an irreversible change, takes a drill of so many seconds ago. */
function verdicts(secondsAgo: number): boolean[] {
  const passed = drilledAt(secondsAgo);
  const reasons = reasonsAgainst({ ...change, drill: passed }, now, { calendar, requireSigned: false });
  return [
    drillAge({ stack: "prod", now, drills: { last: passed, passed } }).ok,
    reasons.every(({ reasonCode }) => reasonCode !== "drill"),
  ];
}

describe("a drill", () => {
  afterEach(() => {
    Settings.defaultZone = "system";
  });

  it.each([
    ["just passed", 0, true],
    ["of exactly 92 days ago", drillDays * 86_400, true],
    // Clocks went back on 29 October in Cairo: by calendar days this one would still count there.
    ["half an hour too old, on a machine in Cairo", drillDays * 86_400 + 1800, false],
    ["recorded by a machine whose clock is 30 seconds ahead", -30, true],
    ["an hour ahead of the clock", -3600, false],
  ])("%s counts the same for the checklist and for an irreversible change", (_, secondsAgo, counts) => {
    Settings.defaultZone = "Africa/Cairo";
    expect(verdicts(secondsAgo)).toEqual([counts, counts]);
  });
});
