import type { Release, Settings, SlotRelease, WrittenFlags, WrittenSizing } from "../stack/config";
import { configDiff, type DiffLine } from "../stack/configDiff";
import { digest, digestIn } from "../release/digest";
import { exposedDigests, idleSlot } from "../release/trafficWeights";
import type { Step } from "../release/transitionFacts";
import type { HistoryEntry, KnownGood } from "../stack/history";
import { other, slots, type Slot } from "../stack/names";
import type { ReleaseRecord } from "../release/releaseRecord";
import { schemaPlan, type RevisionsBetween, type SchemaPlan } from "../database/schemaPlan";
import { releaseAfter } from "../release/nextRelease";
import { findRollbackTarget } from "./rollbackTarget";

/** What a rollback is planned from. */
export interface RollbackPlanInput {
  /** Whole history, newest first. */
  history: readonly HistoryEntry[];
  /** The stack file's config. */
  settings: Settings;
  /** The release to start from, as `resume` gave it. */
  current: Release;
  refused: ReadonlySet<string>;
  /** `version`: its newest known-good update; `update`: number, name, start time or operation id of one. */
  target: { version?: string; update?: string };
  /** What to do with the database. */
  database: "auto" | "keep" | "downgrade";
  /** What the evidence tells of the revisions between a target's and the database's. */
  between: (to: string, at: string) => RevisionsBetween;
  /** Rows that a downgrade may lose, by revision. Default: none. */
  loss?: ReadonlyMap<string, number>;
  /** Records by version, to say what is known of the target. */
  releases: ReadonlyMap<string, ReleaseRecord>;
}

/** One update of a rollback. */
export interface PlannedStep {
  step: Step;
  /** The release to write and apply. */
  release: Release;
  /** Flags to write with it, as the target update's config had them. */
  flags: WrittenFlags;
  /** Sizing to write with it, as the target update's config had it. */
  sizing: WrittenSizing;
  /** Slot whose smoke must have passed before the update. */
  smokeBefore?: Slot;
  /** Slot to smoke after the update, through its test rule. */
  smoke?: Slot;
  why: string;
}

/** Direct calls that may come before the plan: the other slot or the live one holds the target. */
export interface Brake {
  good: Slot;
  /** Slot whose traffic and workers go; absent when no other slot has traffic. */
  bad?: Slot;
  /** Digests to refuse. */
  badDigests: string[];
}

export type RollbackPlan =
  | { ok: true; target: KnownGood; steps: PlannedStep[]; diff: DiffLine[]; brake?: Brake; notes: string[] }
  /** 2: no such target; 3: today's schema refuses its config; 4: refused. */
  | { ok: false; code: 2 | 3 | 4; reasons: string[]; next?: string };

/**
 * The way back to a known-good update: its live release, `flags` and `sizing`, and nothing else of its config. Pure, and
 * planned from what is applied now, so that after a crash it gives what is left to do.
 */
export function rollbackPlan(input: RollbackPlanInput): RollbackPlan {
  const { history, settings, current, refused, database, releases } = input;
  const found = findRollbackTarget(history, refused, input.target);
  if (!found.ok) return found;
  const { target } = found;
  const release = target.settings.release.slots[target.settings.release.live];
  if (!release) return { ok: false, code: 4, reasons: [`${target.name} has no live release.`] };
  const { between, loss } = input;
  const at = current.migration?.revision;
  const asked = { target: release, at, asked: database, history, between, ...(loss && { loss }) };
  const way = schemaPlan(asked);
  if (way.way === "refused") return { ok: false, code: 4, reasons: way.reasons, next: way.next };
  const { flags, sizing } = target.settings;
  const before = { release: current, flags: settings.flags, sizing: settings.sizing };
  const restores = configDiff({ flags: before.flags, sizing: before.sizing }, { flags, sizing }).length > 0;
  const steps = wayBack(current, release, way.way, restores, refused, loss).map((step) => ({
    ...step,
    ...target.written,
  }));
  const last = steps.at(-1)?.release;
  const brake = way.way === "up" ? undefined : brakeFor(current, target.digest, steps.length > 0);
  return {
    ok: true,
    target,
    steps,
    diff: last ? configDiff(before, { release: last, flags, sizing }) : [],
    ...(brake && { brake }),
    notes: [
      ...(way.note ? [way.note] : []),
      ...recordNotes(release, releases),
      ...heldNotes(settings, flags),
    ],
  };
}

type BareStep = Omit<PlannedStep, "flags" | "sizing">;

/** The updates from `current` to `target` live, validated and open. */
function wayBack(
  current: Release,
  target: SlotRelease,
  way: SchemaPlan["way"],
  restores: boolean,
  refused: ReadonlySet<string>,
  loss: ReadonlyMap<string, number> | undefined,
): BareStep[] {
  const wanted = digest(target.image);
  const steps: BareStep[] = [];
  let at = current;
  const add = (
    step: Step,
    release: Release,
    why: string,
    more: Pick<BareStep, "smoke" | "smokeBefore"> = {},
  ) => {
    steps.push({ step, release, why, ...more });
    at = release;
  };
  const holder = () => slots.find((slot) => digestIn(at, slot) === wanted);
  const isDown = way === "down";
  const isDone =
    way !== "up" &&
    !isDown &&
    !restores &&
    at.traffic === "open" &&
    at.canaryWeight === 0 &&
    at.validated === wanted &&
    digestIn(at, at.live) === wanted;
  if (isDone) return steps;

  const held = holder();
  const isUp = way === "up";
  // Before the database has gone up, the target cannot serve, so the live slot keeps the traffic until then.
  const goal = isUp ? at.live : (held ?? at.live);
  // A refused release may not keep its traffic while the target is loaded: nobody is served rather than served badly.
  const isUnfit = goal !== held && refused.has(digestIn(at, goal) ?? "");
  const isPausing = (isDown || isUnfit) && at.traffic === "open";
  const moves = goal !== at.live || at.canaryWeight > 0 || at.validated !== undefined;
  if (moves || isPausing) {
    const what =
      goal === held
        ? `slot ${goal} takes all traffic with ${target.version}`
        : `slot ${goal} keeps all traffic, and risky flags go off`;
    const why = isPausing
      ? `${what}; traffic and workers pause${isDown ? " for the database" : ", for that release is refused"}`
      : what;
    const smoke = goal === held && !isDown ? { smoke: goal } : {};
    add(moves ? "rollback" : "pause", releaseAfter.rollback(at, goal, { pause: isPausing }), why, smoke);
  }
  const { revision } = target;
  const ready = held ? { smoke: held } : {};
  if (isDown)
    add(
      "downgrade",
      releaseAfter.downgrade(at, { revision, ...(loss && { loss }) }),
      `the database goes down to ${revision}`,
      ready,
    );
  if (isUp) {
    // The image that ran last may be of a release before: after a downgrade a deploy brings its own. The target's knows
    // its revision and all before it, and so where the database is.
    const { image } = target;
    add(
      "migrate",
      releaseAfter.migrate(at, { revision, image }),
      `the database goes up to ${revision}`,
      ready,
    );
  }
  if (!held) {
    const slot = idleSlot(at);
    add("load", releaseAfter.load(at, target), `${target.version} into slot ${slot}, without traffic`, {
      smoke: slot,
    });
  }
  const slot = holder() ?? at.live;
  if (slot !== at.live)
    add(
      "rollback",
      releaseAfter.rollback(at, slot),
      `slot ${slot} takes all traffic with ${target.version}`,
      {
        smoke: slot,
      },
    );
  const isUnsmoked = steps.length === 0 ? { smokeBefore: at.live } : {};
  add(
    "validate",
    releaseAfter.validate(at),
    `${target.version} passed its smoke tests and is validated`,
    isUnsmoked,
  );
  return steps;
}

/** The brake, where a slot holds the target and the other has traffic. */
function brakeFor(current: Release, wanted: string, isNeeded: boolean): Brake | undefined {
  const good = slots.find((slot) => digestIn(current, slot) === wanted);
  if (!good || !isNeeded) return undefined;
  const badDigests = exposedDigests({ ...current, traffic: "open" }).filter((held) => held !== wanted);
  if (badDigests.length === 0) return undefined;
  return { good, bad: other(good), badDigests };
}

function recordNotes(target: SlotRelease, releases: RollbackPlanInput["releases"]): string[] {
  const record = releases.get(target.version);
  if (!record)
    return [
      `releases/${target.version}.json is not here; the update in history says what ${target.version} is.`,
    ];
  if (record.image === target.image && record.revision === target.revision) return [];
  return [
    `releases/${target.version}.json names ${record.image} at ${record.revision}, the update in history ${target.image} at ${target.revision}; the update is what is restored.`,
  ];
}

function heldNotes(settings: Settings, flags: Settings["flags"]): string[] {
  const held = Object.keys(settings.heldFlags).filter((name) => flags[name]);
  return held.length > 0 ? [`Held flags stay off whatever the update says: ${held.join(", ")}.`] : [];
}
