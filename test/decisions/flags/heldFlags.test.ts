import { describe, expect, it } from "vitest";
import { admit } from "../../../decisions/release/admission";
import { changeHold, holdReasons, missingHolds, type HoldsInput } from "../../../decisions/flags/heldFlags";
import { flagsAsPublished } from "../../../decisions/flags/flags";
import { parameters } from "../../../decisions/stack/names";
import { readParameters } from "../../../decisions/stack/parameters";
import { facts, served, settingsWith } from "../samples";

const { flags } = settingsWith(served());
const hold = { reason: "wrong grades", incident: "inc-7" };
const heldFlags = { "gradebook-v2": hold };
const said = "wrong grades (incident inc-7)";
const word = {
  flag: "gradebook-v2",
  hold: said,
  actor: "ada",
  reason: "mended in 1.2.1",
  serial: 8,
  at: "now",
};

const input = (more: Partial<HoldsInput> = {}): HoldsInput => ({
  published: new Map([["gradebook-v2", said]]),
  releases: new Map(),
  serial: 8,
  flags,
  heldFlags: {},
  ...more,
});

describe("a held flag", () => {
  it("is not published by a file that does not know of it, whatever its serial is", () => {
    const [reason] = holdReasons(input());
    expect(reason).toMatch(
      /`heldFlags.gradebook-v2` is missing: the flag is held \(wrong grades \(incident inc-7\)\)/,
    );
    expect(reason).toMatch(/make sync.*make flag NAME=gradebook-v2 HOLD=off REASON=<why> ACTOR=<who>/);
    const release = served();
    const asked = { published: release, next: release, facts: facts(), now: new Date(), holds: input() };
    expect(admit(asked)).toEqual({ ok: false, reasons: [reason] });
    expect(admit({ ...asked, holds: input({ heldFlags }) }).ok).toBe(true);
  });
  it("is released by a person's word, for that hold and under that serial only", () => {
    const released = (more: object) =>
      holdReasons(input({ releases: new Map([["gradebook-v2", { ...word, ...more }]]) }));
    expect(released({})).toEqual([]);
    expect(released({ serial: 7 })).toHaveLength(1);
    expect(released({ hold: "another incident" })).toHaveLength(1);
  });
  it("needs nothing where the flag itself is gone: absent is off", () =>
    expect(holdReasons(input({ flags: {} }))).toEqual([]));
  it("is known by what was published, and an unreadable flag is none that is held", () => {
    const published = flagsAsPublished(flags, heldFlags, { validatedIsLive: true, hasRevision: () => true });
    const values = new Map([
      [parameters.flag("prod", "gradebook-v2"), JSON.stringify(published.get("gradebook-v2"))],
      [parameters.flag("prod", "broken"), "{"],
      [parameters.evidence("prod", "released-flag", "gradebook-v2"), JSON.stringify(word)],
    ]);
    const read = readParameters("prod", values);
    expect(read.held).toEqual(new Map([["gradebook-v2", said]]));
    expect(read.holdReleases.get("gradebook-v2")).toEqual(word);
  });
  it("is kept from what was applied where a file lacks it", () => {
    expect(missingHolds(heldFlags, {})).toEqual(heldFlags);
    expect(missingHolds(heldFlags, heldFlags)).toEqual({});
  });
});

describe("a change of a hold", () => {
  const ask = { name: "gradebook-v2", hold: "off", reason: "mended", actor: "ada" } as const;
  it("releases with a name and a reason", () =>
    expect(changeHold(ask, flags, heldFlags)).toMatchObject({
      ok: true,
      heldFlags: {},
      changes: true,
      released: said,
    }));
  it("needs both, a flag that exists, and one that is held", () => {
    expect(changeHold({ name: "gradebook-v2", hold: "off" }, flags, heldFlags)).toMatchObject({
      reasons: ["REASON=<why> is missing.", expect.stringMatching(/^ACTOR=<who> is missing/)],
    });
    expect(changeHold({ ...ask, name: "no" }, flags, {})).toMatchObject({
      reasons: [expect.stringMatching(/^There is no flag `no`/), expect.stringMatching(/^`no` is not held/)],
    });
  });
  it("is done already when it was released and the command is run again", () =>
    expect(changeHold(ask, flags, {}, word)).toMatchObject({ ok: true, changes: false }));
  it("holds with a reason and an incident, once", () => {
    const on = { ...ask, hold: "on", reason: hold.reason, incident: hold.incident } as const;
    expect(changeHold(on, flags, {})).toMatchObject({ ok: true, heldFlags, changes: true });
    expect(changeHold(on, flags, heldFlags)).toMatchObject({ ok: true, heldFlags, changes: false });
  });
});
