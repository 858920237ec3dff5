import type { ChangeCalendar } from "../../decisions/approval/changeWindow";
import type { Settings } from "../../decisions/stack/config";
import { whyNotGivenUp, locksVault } from "../../decisions/approval/protectionState";
import {
  mayRunIrreversible,
  refusalsOf,
  type ChangeRules,
  type IrreversibleChange,
} from "../../decisions/approval/irreversibleChange";
import { parameters } from "../../decisions/stack/names";
import type { Published } from "../../decisions/stack/parameters";
import { affectsGuardians, irreversibleBetween, upgradeOf } from "../../decisions/database/revisionText";
import { vaultLock, vaultLockHash } from "../../decisions/approval/vaultLock";
import { evidenceSettings, findEvidence, lastAuthor } from "./evidence";
import { readRevisionTexts } from "../database/revisionTexts";

/** What an irreversible change is looked up in. */
export interface Ground {
  /** The project's root. */
  root: string;
  stack: string;
  settings: Settings;
  published: Pick<Published, "release" | "guard" | "notices" | "recoveryPoint" | "drill">;
}

/** Why the update that applies these settings may not run at `now`, as far as what it does cannot be undone; empty when it may. */
export function irreversibleRefusals(ground: Ground, now: Date): string[] {
  const { stack, settings, published } = ground;
  const lost = whyNotGivenUp(settings, published.guard, parameters.guard(stack));
  if (lost) return [lost];
  if (!settings.changeWindow) return [];
  const found = irreversibleOf(ground);
  const { changeWindow } = settings;
  return found.ok ? refusalsOf(found.changes, now, rulesOf({ ...settings, changeWindow })) : found.reasons;
}

/** Whether there is something irreversible that only wants a recovery point: one is then taken, and nothing else can be helped. */
export function lacksOnlyRecoveryPoint(ground: Ground, now: Date): boolean {
  const { changeWindow } = ground.settings;
  const found = irreversibleOf(ground);
  if (!changeWindow || !found.ok) return false;
  const rules = rulesOf({ ...ground.settings, changeWindow });
  const reasons = found.changes.flatMap((change) => {
    const may = mayRunIrreversible(change, now, rules);
    return may.ok ? [] : may.reasons;
  });
  return reasons.length > 0 && reasons.every((reason) => reason.ground === "recovery-point");
}

/** What irreversible changes of these settings are judged by. */
export const rulesOf = (settings: Settings & { changeWindow: ChangeCalendar }): ChangeRules => ({
  calendar: settings.changeWindow,
  requireSigned: evidenceSettings(settings).requireSigned,
});

/** The irreversible changes of an update with all that is known about them; or why it is not known which they are. */
export type Irreversible = { ok: true; changes: IrreversibleChange[] } | { ok: false; reasons: string[] };

/** Finds the irreversible changes that the update makes which applies these settings. */
export function irreversibleOf(ground: Ground): Irreversible {
  const { root, stack, settings, published } = ground;
  const subjects = locksVault(stack, settings, published.guard) ? [vaultLock] : [];
  const upgrade = upgradeOf(published.release, settings.release);
  if (upgrade) {
    const way = irreversibleBetween(upgrade.from, upgrade.to, readRevisionTexts(root));
    if (!way.ok) return way;
    subjects.push(...way.revisions.map(({ revision }) => revision));
  }
  return { ok: true, changes: subjects.flatMap((subject) => changeOf(ground, subject) ?? []) };
}

/** One change by its subject; undefined when it is neither a revision nor the vault's lock. */
export function changeOf(
  { root, stack, settings, published }: Ground,
  subject: string,
): IrreversibleChange | undefined {
  const notice = published.notices.get(subject);
  const { recoveryPoint, drill } = published;
  const common = {
    subject,
    approval: findEvidence(root, "approval", subject, evidenceSettings(settings)),
    ...(notice ? { notice } : {}),
    ...(recoveryPoint ? { recoveryPoint } : {}),
    ...(drill ? { drill } : {}),
  };
  const writtenBy = (path: string) => {
    const author = lastAuthor(root, path);
    return author ? { author } : {};
  };
  if (subject === vaultLock)
    return {
      ...common,
      sha256: vaultLockHash(stack, settings),
      ...writtenBy(`Pulumi.${stack}.yaml`),
      guardians: false,
      minutes: 0,
    };
  const revision = readRevisionTexts(root).get(subject);
  if (!revision) return undefined;
  return {
    ...common,
    sha256: revision.sha256,
    ...writtenBy(revision.file),
    guardians: affectsGuardians(revision.impact),
    minutes: Math.ceil(settings.database.migrationSeconds / 60),
  };
}
