import type { ChangeCalendar } from "../../decisions/approval/changeWindow";
import type { Settings } from "../../decisions/stack/config";
import { whyNotGivenUp, locksVault } from "../../decisions/approval/protectionState";
import {
  mayRunIrreversible,
  refusalsOf,
  type ChangeRules,
  type IrreversibleChange,
  type IrreversibleRefusal,
} from "../../decisions/approval/irreversibleChange";
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
  const found = irreversibleOf(sources);
  const { changeWindow } = settings;
  return found.ok
    ? refusalsOf(found.changes, now, rulesOf({ ...settings, changeWindow }))
    : found.reasons.map((text) => ({ kind: "revision", text }));
}

/** Whether there is something irreversible that only wants a recovery point: one is then taken, and nothing else can be helped. */
export function lacksOnlyRecoveryPoint(sources: ChangeSources, now: Date): boolean {
  const { changeWindow } = sources.settings;
  const found = irreversibleOf(sources);
  if (!changeWindow || !found.ok) return false;
  const rules = rulesOf({ ...sources.settings, changeWindow });
  const reasons = found.changes.flatMap((change) => {
    const may = mayRunIrreversible(change, now, rules);
    return may.ok ? [] : may.reasons;
  });
  return reasons.length > 0 && reasons.every((reason) => reason.reasonCode === "recovery-point");
}

/** What irreversible changes of these settings are judged by. */
export const rulesOf = (settings: Settings & { changeWindow: ChangeCalendar }): ChangeRules => ({
  calendar: settings.changeWindow,
  requireSigned: evidenceSettings(settings).requireSigned,
});

/** The irreversible changes of an update with all that is known about them; or why it is not known which they are. */
export type Irreversible = { ok: true; changes: IrreversibleChange[] } | { ok: false; reasons: string[] };

/** Finds the irreversible changes that the update makes which applies these settings. */
export function irreversibleOf(sources: ChangeSources): Irreversible {
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
  const notice = published.notices.get(subject);
  const { recoveryPoint, drill } = published;
  const common = {
    subject,
    approval: findEvidence(root, "approval", subject, evidenceSettings(settings)),
    notice,
    ...(recoveryPoint ? { recoveryPoint } : {}),
    drill,
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
  const revision = readRevisionFiles(root).files.get(subject);
  if (!revision) return undefined;
  return {
    ...common,
    sha256: revision.sha256,
    ...writtenBy(revision.file),
    guardians: affectsGuardians(revision.impact),
    minutes: Math.ceil(settings.database.migrationSeconds / 60),
  };
}
