import type { Release, Settings, SlotRelease } from "../stack/config";
import type { NextStep } from "../text/commandHint";
import { configDiff, type DiffLine } from "../stack/configDiff";
import { digestIn } from "../release/digest";
import { exposedDigests } from "../release/trafficWeights";
import type { PlannedUpdate } from "../release/plannedUpdate";
import type { HistoryEntry, KnownGood } from "../stack/history";
import { other, slots, type Slot } from "../stack/names";
import type { ReleaseRecord } from "../release/releaseRecord";
import { schemaPlan, type RevisionsBetween } from "../database/schemaPlan";
import { findRollbackTarget } from "./rollbackTarget";
import { rollbackUpdates } from "./rollbackUpdates";
import { present } from "../text/present";

/** What a rollback is planned from. */
export interface RollbackPlanInput {
  /** Whole history, newest first. */
  history: readonly HistoryEntry[];
  /** The stack file's config. */
  settings: Settings;
  /** The release to start from, as `startingPoint` gave it. */
  current: Release;
  refused: ReadonlySet<string>;
  /** `version`: its newest known-good update; `update`: number, name, start time, operation id or `serial:<serial>` of one. */
  target: { version?: string | undefined; update?: string | undefined };
  /** What to do with the database. */
  database: "auto" | "keep" | "downgrade";
  /** What the evidence tells of the revisions between a target's and the database's. */
  between: (to: string, at: string) => RevisionsBetween;
  /** Rows that a downgrade may lose, by revision. Default: none. */
  loss?: ReadonlyMap<string, number> | undefined;
  /** Records by version, to say what is known of the target. */
  releases: ReadonlyMap<string, ReleaseRecord>;
}

/** Direct calls that may come before the plan: the other slot or the live one holds the target. */
export interface PlannedBrake {
  good: Slot;
  /** Slot whose traffic and workers go; absent when no other slot has traffic. */
  bad?: Slot;
  /** Digests to refuse. */
  badDigests: string[];
}

export type RollbackPlan =
  | {
      ok: true;
      target: KnownGood;
      steps: PlannedUpdate[];
      diff: DiffLine[];
      brake?: PlannedBrake | undefined;
      notes: string[];
    }
  /** 2: no such target; 3: today's schema refuses its config; 4: refused. */
  | { ok: false; code: 2 | 3 | 4; reasons: string[]; next?: NextStep };

/**
 * Plans the rollback to a known-good update: its live release, `flags` and `sizing`, and nothing else of its config. It
 * starts from what is applied now, so after a crash it gives what is left to do.
 */
export function rollbackPlan(input: RollbackPlanInput): RollbackPlan {
  const { history, settings, current, refused, between, loss, database, releases } = input;
  const found = findRollbackTarget(history, refused, input.target);
  if (!found.ok) return found;
  const { target } = found;
  const release = target.settings.release.slots[target.settings.release.live];
  if (!release) return { ok: false, code: 4, reasons: [`${target.name} has no live release.`] };
  const at = current.migration?.revision;
  const schema = schemaPlan({ target: release, at, asked: database, history, between, loss });
  if (schema.kind === "refused") return { ok: false, code: 4, reasons: schema.reasons, next: schema.next };
  const { flags, sizing } = target.settings;
  const before = { release: current, flags: settings.flags, sizing: settings.sizing };
  const restores = configDiff({ flags: before.flags, sizing: before.sizing }, { flags, sizing }).length > 0;
  const goal = { target: release, schema: schema.kind, restores, refused, loss };
  const steps = rollbackUpdates(current, goal).map((update) => ({ ...update, ...target.written }));
  const last = steps.at(-1)?.release;
  const brake = schema.kind === "up" ? undefined : brakeFor(current, target.digest, steps.length > 0);
  return {
    ok: true,
    target,
    steps,
    diff: last ? configDiff(before, { release: last, flags, sizing }) : [],
    brake,
    notes: present(schema.note, recordNote(release, releases), heldNote(settings, flags)),
  };
}

/** The brake, where a slot holds the target and the other has traffic. */
function brakeFor(current: Release, wanted: string, isNeeded: boolean): PlannedBrake | undefined {
  const good = slots.find((slot) => digestIn(current, slot) === wanted);
  if (!good || !isNeeded) return undefined;
  const badDigests = exposedDigests({ ...current, traffic: "open" }).filter((held) => held !== wanted);
  if (badDigests.length === 0) return undefined;
  return { good, bad: other(good), badDigests };
}

function recordNote(target: SlotRelease, releases: RollbackPlanInput["releases"]): string | undefined {
  const record = releases.get(target.version);
  if (!record)
    return `releases/${target.version}.json is not here; the update in history says what ${target.version} is.`;
  if (record.image === target.image && record.revision === target.revision) return undefined;
  return `releases/${target.version}.json names ${record.image} at ${record.revision}, the update in history ${target.image} at ${target.revision}; the update is what is restored.`;
}

function heldNote({ heldFlags }: Settings, flags: Settings["flags"]): string | undefined {
  const held = Object.keys(heldFlags).filter((name) => flags[name]);
  return held.length > 0 ? `Held flags stay off whatever the update says: ${held.join(", ")}.` : undefined;
}
