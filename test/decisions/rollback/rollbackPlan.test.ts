import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Release } from "../../../decisions/stack/config";
import { digest } from "../../../decisions/release/digest";
import { idleSlot } from "../../../decisions/release/trafficWeights";
import type { RevisionsBetween } from "../../../decisions/database/schemaPlan";
import { knownGood, type HistoryEntry } from "../../../decisions/stack/history";
import {
  rollbackPlan,
  type RollbackPlan,
  type RollbackPlanInput,
} from "../../../decisions/rollback/rollbackPlan";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { transition } from "../../../decisions/release/transition";
import {
  after,
  deployed,
  digestOf,
  entry,
  facts,
  historyOf,
  provedRevision,
  record,
  sample,
  served,
  settingsWith,
} from "../samples";

const one = served();
const two = after(one, 2);
const three = after(two, 3);
const path = [...deployed(two, 3), ...deployed(one, 2), one];
const history = historyOf(...path.toReversed());

/** Revisions r1 to r4 in a row, each proved to work with those before it. */
const between = (to: string, at: string): RevisionsBetween => {
  const all = ["r1", "r2", "r3", "r4"];
  const revisions = all
    .slice(all.indexOf(to) + 1, Math.max(all.indexOf(at) + 1, all.indexOf(to) + 1))
    .map((id) => ({
      ...provedRevision(id, all.slice(0, all.indexOf(id))),
      approval: { ok: false as const, reasons: ["there is none"], next: "" },
    }));
  return { ok: true, revisions };
};

const input = (
  current: Release,
  version: string,
  more: Partial<RollbackPlanInput> = {},
): RollbackPlanInput => ({
  history,
  settings: settingsWith(current),
  current,
  refused: new Set(),
  target: { version },
  database: "auto",
  between,
  releases: new Map([1, 2, 3].map((n) => [sample(n).version, record(n)])),
  ...more,
});
const planned = (given: RollbackPlanInput): Extract<RollbackPlan, { ok: true }> => {
  const result = rollbackPlan(given);
  if (!result.ok) throw new Error(result.reasons.join("; "));
  return result;
};
const names = (result: RollbackPlan) => (result.ok ? result.steps.map((step) => step.step) : result.reasons);

/** Follows a plan with the rules of transition, as the program would. */
function carriedOut(
  { steps }: Extract<RollbackPlan, { ok: true }>,
  from: Release,
  refused: ReadonlySet<string> = new Set(),
): Release {
  const good = new Set(knownGood(history, refused).targets.map((target) => target.digest));
  return steps.reduce((at, step) => {
    expect(transition(at, step.release, facts({ knownGood: good, refused }))).toEqual({
      ok: true,
      step: step.step,
    });
    return step.release;
  }, from);
}

describe("a rollback inside the standby window", () => {
  const result = planned(input(two, "1.1.0"));
  it("is a brake, a change of weights and a validation, with smoke between", () => {
    expect(names(result)).toEqual(["rollback", "validate"]);
    expect(result.brake).toEqual({ good: "blue", bad: "green", badDigests: [digestOf(2)] });
    expect(result.steps[0]).toMatchObject({
      smoke: "blue",
      release: { live: "blue", canaryWeight: 0, traffic: "open" },
    });
    expect(result.steps[0]?.release.validated).toBeUndefined();
    expect(carriedOut(result, two)).toMatchObject({ live: "blue", validated: digestOf(1), traffic: "open" });
  });
  it("keeps the database where it is, because history shows the old release on it, and says so", () => {
    expect(result.steps.every((step) => step.release.migration?.revision === "r2")).toBe(true);
    expect(result.notes.join()).toContain("The database stays at r2");
  });
  it("shows the diff of what it changes and nothing else", () =>
    expect(result.diff.map((line) => line.path)).toEqual([
      "release.live",
      "release.serial",
      "release.validated",
    ]));
});

describe("what comes back", () => {
  const sizing = { web: { replicas: 5 }, workers: { replicas: 4 } };
  const flags = { "old-flag": { risk: "low", owner: "grades", expires: "2027-01-01" } };
  const old = [one, ...deployed(one, 2).toReversed().slice(0, 2)]
    .map((release) => entry(release, {}, { flags, sizing }))
    .reverse();
  const heldFlags = { "old-flag": { reason: "incident 7" } };
  const settings = settingsWith(two, { heldFlags, alarms: { maxErrorPercent: 5 } });
  const result = planned(
    input(two, "1.1.0", {
      history: [...historyOf(two), ...historyOf(...deployed(one, 2).toReversed().slice(2)), ...old],
      settings,
    }),
  );
  it("are flags and sizing as the target update's config had them, with every update", () => {
    for (const step of result.steps) expect(step).toMatchObject({ flags, sizing });
    expect(result.steps[0]?.flags).toEqual(flags);
  });
  it("are in the diff, added, removed and changed", () => {
    const lines = Object.fromEntries(result.diff.map((line) => [line.path, line.kind]));
    expect(lines).toMatchObject({
      "flags.old-flag.risk": "added",
      "flags.gradebook-v2.risk": "removed",
      "sizing.web.replicas": "changed",
    });
  });
  it("does not include held flags, alarms or anything else", () => {
    expect(result.diff.every((line) => /^(release|flags|sizing)\./.test(line.path))).toBe(true);
    expect(result.notes.join()).toContain("Held flags stay off");
  });
});

describe("targets", () => {
  const refusedCode = (given: RollbackPlanInput) => {
    const result = rollbackPlan(given);
    return result.ok ? "ok" : [result.code, result.reasons.join()];
  };
  it("an unknown version is refused as usage, with the known ones", () =>
    expect(refusedCode(input(two, "9.9.9"))).toEqual([
      2,
      expect.stringMatching(/no version `9.9.9`.*1\.3\.0.*1\.2\.0.*1\.1\.0/),
    ]));
  it("none named is refused as usage", () =>
    expect(refusedCode(input(two, "", { target: {} }))).toEqual([2, expect.stringContaining("VERSION=")]));
  it("a refused digest is refused", () =>
    expect(refusedCode(input(two, "1.1.0", { refused: new Set([digestOf(1)]) }))).toEqual([
      4,
      expect.stringContaining("is refused"),
    ]));
  it("a version that was never validated is refused", () => {
    const [, , canary] = deployed(three, 4);
    expect(refusedCode(input(three, "1.4.0", { history: canary ? historyOf(canary) : [] }))[0]).toBe(2);
    const promoted = deployed(three, 4)[1];
    expect(refusedCode(input(three, "1.4.0", { history: promoted ? historyOf(promoted) : [] }))).toEqual([
      4,
      expect.stringContaining("not validated"),
    ]);
  });
  it("a config that today's schema refuses is refused with its paths", () => {
    const broken = [entry(one, {}, { backups: { retentionDays: 1 } })];
    expect(refusedCode(input(two, "1.1.0", { history: broken }))).toEqual([
      3,
      expect.stringContaining("backups.retentionDays"),
    ]);
  });
  it("UPDATE= names one by start time, by number or by operation id", () => {
    const wanted = history.at(-1) as HistoryEntry;
    expect(planned(input(two, "", { target: { update: wanted.startTime } })).target.version).toBe("1.1.0");
    const numbered = {
      ...wanted,
      version: 7,
      message: 'line\n{"operation":"deploy","id":"abc","step":"validate","actor":"ada"}',
    };
    for (const update of ["7", "update 7", "abc"])
      expect(
        planned(input(two, "", { history: [numbered], target: { update }, database: "keep" })).target.name,
      ).toBe("update 7");
  });
  it("what is live, validated and as configured needs nothing", () => {
    const result = planned(input(two, "1.2.0"));
    expect(result).toMatchObject({ steps: [], diff: [], ok: true });
    expect(result.brake).toBeUndefined();
  });
  it("other flags under the same release are a rollback too", () => {
    const settings = settingsWith(two, { flags: {} });
    expect(names(rollbackPlan(input(two, "1.2.0", { settings })))).toEqual(["rollback", "validate"]);
  });
});

describe("a target that no slot holds", () => {
  it("is loaded while risky flags are off, smoked, switched to, smoked and validated; no brake", () => {
    const result = planned(input(three, "1.1.0", { database: "keep" }));
    expect(names(result)).toEqual(["rollback", "load", "rollback", "validate"]);
    expect(result.brake).toBeUndefined();
    expect(carriedOut(result, three)).toMatchObject({ live: "green", validated: digestOf(1) });
  });
  it("pauses first where the release that serves is refused", () => {
    const refused = new Set([digestOf(3)]);
    const result = planned(input(three, "1.1.0", { database: "keep", refused }));
    expect(result.steps[0]?.release.traffic).toBe("paused");
    expect(carriedOut(result, three, refused)).toMatchObject({ traffic: "open", validated: digestOf(1) });
  });
});

describe("the database", () => {
  it("goes down between a rollback that pauses and a validation that opens", () => {
    const result = planned(input(two, "1.1.0", { database: "downgrade" }));
    expect(names(result)).toEqual(["rollback", "downgrade", "validate"]);
    expect(result.steps[0]?.release.traffic).toBe("paused");
    expect(result.steps[1]).toMatchObject({
      smoke: "blue",
      release: { migration: { revision: "r1", downgradeFrom: "r2", image: sample(2).image } },
    });
    expect(carriedOut(result, two)).toMatchObject({ traffic: "open", migration: { revision: "r1" } });
  });
  it("goes down before a target that no slot held is loaded", () => {
    const result = planned(input(three, "1.1.0", { database: "downgrade" }));
    expect(names(result)).toEqual(["rollback", "downgrade", "load", "rollback", "validate"]);
    carriedOut(result, three);
  });
  it("is not guessed at: without proofs, and where history does not show the target on today's revision, it is refused", () => {
    const short = historyOf(three).concat(historyOf(one));
    const unknown = (): RevisionsBetween => ({ ok: false, reasons: ["the files do not say"] });
    expect(rollbackPlan(input(three, "1.1.0", { history: short, between: unknown }))).toMatchObject({
      ok: false,
      code: 4,
      reasons: expect.arrayContaining([expect.stringContaining("the files do not say")]) as string[],
      next: { command: "status" },
    });
    expect(names(rollbackPlan(input(two, "1.1.0", { between: unknown })))).toEqual(["rollback", "validate"]);
  });
  it("goes down with the rows that may be lost, and only those of what goes down", () => {
    const approved = (to: string, at: string): RevisionsBetween => {
      const found = between(to, at);
      return found.ok
        ? { ok: true, revisions: found.revisions.map((one) => ({ ...one, approval: { ok: true } })) }
        : found;
    };
    const loss = new Map([["r2", 3]]);
    const result = planned(input(two, "1.1.0", { database: "downgrade", between: approved, loss }));
    expect(result.steps[1]?.release.migration).toMatchObject({
      downgradeFrom: "r2",
      approvedLoss: { r2: 3 },
    });
    carriedOut(result, two);
    expect(rollbackPlan(input(two, "1.1.0", { database: "downgrade", loss }))).toMatchObject({
      ok: false,
      code: 4,
    });
  });
  it("goes up first where the target needs what was taken down, without a brake", () => {
    const back = planned(input(two, "1.1.0", { database: "downgrade" }));
    const down = carriedOut(back, two);
    const later = [...historyOf(...back.steps.map((step) => step.release)), ...history];
    const result = planned(input(down, "1.2.0", { history: later }));
    expect(names(result)).toEqual(["rollback", "migrate", "rollback", "validate"]);
    expect(result.brake).toBeUndefined();
    expect(carriedOut(result, down)).toMatchObject({ live: "green", migration: { revision: "r2" } });
  });
  it("goes up with the target's own image: the one that ran last need not know the revision", () => {
    const down = carriedOut(planned(input(two, "1.1.0", { database: "downgrade" })), two);
    const migration = { revision: "r1", image: sample(1).image };
    const result = planned(input({ ...down, migration }, "1.2.0"));
    const up = result.steps.find(({ step }) => step === "migrate");
    expect(up?.release.migration).toEqual({ revision: "r2", image: sample(2).image });
  });
});

describe("a rollback that is killed", () => {
  it("from any state of any deploy, after any of its steps, planned again, ends where it would have ended, by legal steps", () => {
    const starts = [...path, ...deployed(three, 4)].filter((release) => release.serial > one.serial);
    fc.assert(
      fc.property(
        fc.constantFrom(...starts),
        fc.constantFrom("1.1.0", "1.2.0", "1.3.0"),
        fc.constantFrom("keep" as const, "downgrade" as const),
        fc.boolean(),
        fc.nat(6),
        (start, version, database, refuse, killedAfter) => {
          const idle = start.slots[idleSlot(start)];
          const isCanaryBad = refuse && start.canaryWeight > 0 && idle && idle.version !== version;
          const refused = new Set(isCanaryBad ? [digest(idle.image)] : []);
          const whole = planned(input(start, version, { database, refused }));
          const end = carriedOut(whole, start, refused);
          const stopped = whole.steps.slice(0, killedAfter).at(-1)?.release ?? start;
          const written = [
            ...historyOf(...whole.steps.slice(0, killedAfter).map((step) => step.release)),
            ...history,
          ];
          const rest = planned(input(stopped, version, { database, refused, history: written }));
          const resumed = carriedOut(rest, stopped, refused);
          const { serial: _a, ...expected } = end;
          const { serial: _b, ...actual } = resumed;
          expect(actual).toEqual(expected);
          expect(actual).toMatchObject({ traffic: "open", canaryWeight: 0, validated: whole.target.digest });
        },
      ),
      { numRuns: 250, seed: 4 },
    );
  });
});

it("a paused release that is the target is smoked before it is validated", () => {
  const paused = releaseAfter.rollback(two, "blue", { pause: true });
  const result = planned(input(paused, "1.1.0"));
  expect(result.steps).toMatchObject([{ step: "validate", smokeBefore: "blue" }]);
});
