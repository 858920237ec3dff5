import type { Settings } from "../stack/config";
import { knownGood, type HistoryEntry, type KnownGood } from "../stack/history";
import { present } from "../text/present";

/** The update asked for, or why it is no target: 2 unknown, 3 today's schema refuses its config, 4 refused or not known good. */
export type FoundTarget = { ok: true; target: KnownGood } | { ok: false; code: 2 | 3 | 4; reasons: string[] };

/** Finds a rollback's target: `version` means its newest known-good update, `update` one by number, name, start time, operation id or `serial:<serial>`. */
export function findRollbackTarget(
  history: readonly HistoryEntry[],
  refused: ReadonlySet<string>,
  { version, update }: { version?: string | undefined; update?: string | undefined },
): FoundTarget {
  const { targets, rejected } = knownGood(history, refused);
  if (version === undefined && update === undefined)
    return { ok: false, code: 2, reasons: [`VERSION= (or UPDATE=) is missing. ${known(targets)}`] };
  const fits = (entry: Parameters<typeof isNamed>[0] & { version?: string }) =>
    (version === undefined || entry.version === version) && (update === undefined || isNamed(entry, update));
  const target = targets.find(fits);
  if (target) return { ok: true, target };
  const name = present(
    version !== undefined && `version \`${version}\``,
    update !== undefined && `update \`${update}\``,
  ).join(", ");
  const near = rejected.filter(fits);
  const unfit = near.find((entry) => entry.kind !== "state") ?? near[0];
  if (!unfit) return { ok: false, code: 2, reasons: [`History has no ${name}. ${known(targets)}`] };
  return {
    ok: false,
    code: unfit.kind === "config" ? 3 : 4,
    reasons: [`${name} is no target of a rollback: ${unfit.name} ${unfit.why}. ${known(targets)}`],
  };
}

/** An operation made several updates, so its id names the newest known-good one of them. */
const isNamed = (
  entry: { name: string; id?: string; startTime?: string; settings?: Settings },
  update: string,
): boolean =>
  update === `serial:${entry.settings?.release.serial}` ||
  entry.name === update ||
  entry.name === `update ${update}` ||
  entry.startTime === update ||
  entry.id === update;

function known(targets: readonly KnownGood[]): string {
  const versions = new Map<string, string>();
  for (const target of targets) if (!versions.has(target.version)) versions.set(target.version, target.name);
  if (versions.size === 0) return "No update of this stack is known good yet.";
  return `Known-good versions: ${[...versions].map(([version, name]) => `${version} (${name})`).join(", ")}.`;
}
