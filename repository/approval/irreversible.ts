import type { ChangeCalendar } from "../../decisions/approval/changeWindow";
import type { Settings } from "../../decisions/stack/config";
import { whyNotGivenUp, locksVault } from "../../decisions/approval/protectionState";
import { reasonsAgainst, refusalsOf, type ChangeRules } from "../../decisions/approval/irreversibleChange";
import type { IrreversibleChange, IrreversibleRefusal } from "../../decisions/approval/irreversibleChange";
import { parameters } from "../../decisions/stack/names";
import type { Published } from "../../decisions/stack/parameters";
import {
  affectsGuardians,
  irreversibleBetween,
  upgradeOf,
} from "../../decisions/database/irreversibleRevisions";
import { vaultLock, vaultLockHash } from "../../decisions/approval/vaultLock";
import { evidenceSettings, findEvidence, lastAuthor } from "./evidence";
import { readRevisionFiles } from "../database/revisionFiles";

/** What an irreversible change is looked up in. */
export interface ChangeSources {
  /** The project's root. */
  root: string;
  stack: string;
  settings: Settings;
  published: Pick<Published, "release" | "guard" | "notices" | "recoveryPoint" | "drill">;
}

/** Lists why the update that applies these settings may not do at `now` what cannot be undone; empty when it may. */
export function irreversibleRefusals(sources: ChangeSources, now: Date): IrreversibleRefusal[] {
  const { stack, settings, published } = sources;
  const lost = whyNotGivenUp(settings, published.guard, parameters.guard(stack));
  if (lost) return [{ kind: "protection", text: lost }];
  if (!settings.changeWindow) return [];
  const rules = rulesOf({ ...settings, changeWindow: settings.changeWindow });
  const found = irreversibleOf(sources);
  return found.ok
    ? refusalsOf(found.changes, now, rules)
    : found.reasons.map((text) => ({ kind: "revision", text }));
}

/** Whether something irreversible lacks only a recovery point: that one can be taken, and no other reason can be helped. */
export function lacksOnlyRecoveryPoint(sources: ChangeSources, now: Date): boolean {
  const { changeWindow } = sources.settings;
  const found = irreversibleOf(sources);
  if (!changeWindow || !found.ok) return false;
  const rules = rulesOf({ ...sources.settings, changeWindow });
  const reasons = found.changes.flatMap((change) => reasonsAgainst(change, now, rules));
  return reasons.length > 0 && reasons.every(({ reasonCode }) => reasonCode === "recovery-point");
}

/** What irreversible changes of these settings are judged by. */
export const rulesOf = (settings: Settings & { changeWindow: ChangeCalendar }): ChangeRules => ({
  calendar: settings.changeWindow,
  requireSigned: evidenceSettings(settings).requireSigned,
});

/** The irreversible changes that the update to these settings makes; or why it is not known which they are. */
function irreversibleOf(
  sources: ChangeSources,
): { ok: true; changes: IrreversibleChange[] } | { ok: false; reasons: string[] } {
  const { root, stack, settings, published } = sources;
  const subjects = locksVault(stack, settings, published.guard) ? [vaultLock] : [];
  const upgrade = upgradeOf(published.release, settings.release);
  if (upgrade) {
    const { graph, files } = readRevisionFiles(root);
    const way = irreversibleBetween(upgrade.from, upgrade.to, graph, files);
    if (!way.ok) return way;
    subjects.push(...way.revisions.map(({ revision }) => revision));
  }
  return { ok: true, changes: subjects.flatMap((subject) => changeOf(sources, subject) ?? []) };
}

/** One change by its subject; undefined when it is neither a revision nor the vault's lock. */
export function changeOf(
  { root, stack, settings, published }: ChangeSources,
  subject: string,
): IrreversibleChange | undefined {
  const common = {
    subject,
    approval: findEvidence(root, "approval", subject, evidenceSettings(settings)),
    notice: published.notices.get(subject),
    recoveryPoint: published.recoveryPoint,
    drill: published.drill,
  };
  if (subject === vaultLock)
    return {
      ...common,
      sha256: vaultLockHash(stack, settings),
      author: lastAuthor(root, `Pulumi.${stack}.yaml`),
      guardians: false,
      minutes: 0,
    };
  const revision = readRevisionFiles(root).files.get(subject);
  if (!revision) return undefined;
  return {
    ...common,
    sha256: revision.sha256,
    author: lastAuthor(root, revision.file),
    guardians: affectsGuardians(revision.impact),
    minutes: Math.ceil(settings.database.migrationSeconds / 60),
  };
}
