import { hash } from "node:crypto";
import type { Settings } from "../stack/config";
import { digest, hex, liveDigest } from "../release/digest";
import { flagsAsPublished } from "../flags/flags";
import { flagConditions } from "../flags/flagConditions";
import { emptyGraph, type RevisionGraph } from "./revisionGraph";

/** Which backfills run now, and as what. */

/** A backfill that may run. */
export interface DueBackfill {
  /** As the revision declares it. */
  name: string;
  /** Flag that guards it. */
  flag: string;
  /** Rows a second at most. */
  ratePerSecond: number;
  /** Rows of one transaction at most. */
  batch: number;
  /** The live release's image: its code writes what the backfill fills, so that a row stays done. */
  image: string;
}

/**
 * The backfills that are to run: once the live release is validated, while nothing keeps their flag off for everybody.
 *
 * Before that another release may still write rows without what the backfill fills. A rollback clears `validated` with
 * its first update, so that none runs while the database is taken down. A flag that is absent is off: a rollback restores
 * older flags, which must not make the config invalid. Without `revisions` a flag that needs one is off unless the database
 * is at just that one.
 */
export function dueBackfills(
  { backfills, flags, heldFlags, release }: Pick<Settings, "backfills" | "flags" | "heldFlags" | "release">,
  revisions: RevisionGraph = emptyGraph,
): DueBackfill[] {
  const image = release.slots[release.live]?.image;
  if (image === undefined || release.validated !== liveDigest(release)) return [];
  const published = flagsAsPublished(flags, heldFlags, flagConditions(release, revisions));
  return Object.entries(backfills)
    .filter(([, { flag }]) => published.get(flag)?.targeting !== undefined)
    .map(([name, settings]) => ({ name, ...settings, image }));
}

/**
 * Name of a backfill's Job: another for another image or other settings, because a Job cannot be changed. At most 63
 * characters, the limit of a label.
 */
export function backfillJobName({ name, image, flag, ratePerSecond, batch }: DueBackfill): string {
  const imageHex = hex(digest(image));
  const settings = hash("sha256", [name, imageHex, flag, ratePerSecond, batch].join(" "));
  return `backfill-${name}-${settings.slice(0, 12)}`;
}
