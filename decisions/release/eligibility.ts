import type { Release, SlotRelease } from "../stack/config";
import { digest, liveDigest } from "./digest";
import type { ReleaseDiff } from "./releaseDiff";
import { idleSlot } from "./trafficWeights";
import { namesCheck, overridable, type TransitionFacts } from "./transitionFacts";

/** What may be said of a digest or of a release in a slot, given the facts. */

/** Whether a digest was validated on this stack at some time, or is right now; a refused one is never known good. */
export const isKnownGood = (digest: string, previous: Release, facts: TransitionFacts): boolean =>
  !facts.refused.has(digest) && (facts.knownGood.has(digest) || previous.validated === digest);

/**
 * Whether a stack has never served: its live slot is empty, or holds the first release, which had no traffic and was never
 * validated. That release may be replaced in its slot, for there is no older one to go back to.
 * @param isKnownGood whether a digest was validated here and is not refused
 */
export function isUnserved(release: Release, isKnownGood: (digest: string) => boolean): boolean {
  const live = liveDigest(release);
  if (live === undefined) return true;
  const isAlone = !release.slots[idleSlot(release)];
  return release.traffic === "paused" && release.validated === undefined && isAlone && !isKnownGood(live);
}

/** Whether a person overrode `check` for the step with `serial`. */
export const isOverridden = (check: string, serial: number, { override }: TransitionFacts): boolean =>
  override?.serial === serial &&
  namesCheck(override.check, check) &&
  override.actor !== "" &&
  override.reason !== "";

/** How to override `check`, for the end of a refusal. */
export const overrideHint = (check: string): string => `or OVERRIDE=${check} REASON=<why> ACTOR=<name>`;

/** Why `held` may not come into a slot or get traffic by this change; undefined when it may. */
type Objection = (
  held: SlotRelease,
  change: Pick<ReleaseDiff, "previous" | "next">,
  facts: TransitionFacts,
) => string | undefined;

/** The stage before this one has not validated it (A4). */
export const whyIneligible: Objection = (held, { previous, next }, facts) => {
  const given = digest(held.image);
  if (!facts.requiresStaging || facts.stagingValidated === given || isKnownGood(given, previous, facts))
    return undefined;
  if (isOverridden(overridable.staging, next.serial, facts)) return undefined;
  const validated = facts.stagingValidated
    ? `the digest that it validated is ${facts.stagingValidated}`
    : "it has validated nothing";
  return `Release ${held.version} (${given}) was not validated by the stage before this one: ${validated}. Run \`make deploy VERSION=${held.version} STACK=${facts.promotedFrom ?? "staging"}\` first, ${overrideHint(overridable.staging)}.`;
};

/**
 * The database may not be one that it can run on. Alembic's ids have no order, so a revision fits only if it is the
 * database's, the live slot needs it already, or the release is known good.
 */
export const whyRevisionUnfit: Objection = (held, { previous, next }, facts) => {
  const at = previous.migration?.revision;
  if (at === undefined)
    return `Release ${held.version} needs revision \`${held.revision}\`, but no migration has run on this stack (\`release.migration\` is absent). Run \`make migrate VERSION=${held.version}\` first.`;
  if (held.revision === at || isKnownGood(digest(held.image), previous, facts)) return undefined;
  if (previous.slots[previous.live]?.revision === held.revision) return undefined;
  if (isOverridden(overridable.revision, next.serial, facts)) return undefined;
  return `Release ${held.version} needs revision \`${held.revision}\`, but \`release.migration.revision\` is \`${at}\`. Run \`make migrate VERSION=${held.version}\` first, ${overrideHint(overridable.revision)} if the release is proven on \`${at}\`.`;
};

/** Why a refused digest may not go on; undefined when it is not refused. */
export function whyRefused(
  held: SlotRelease,
  { refused, whyRefused: reasons }: Pick<TransitionFacts, "refused" | "whyRefused">,
): string | undefined {
  const given = digest(held.image);
  if (!refused.has(given)) return undefined;
  const why = reasons?.get(given);
  return `Release ${held.version} (${given}) is refused on this stack and never gets traffic${why ? `: ${why}` : ""}. Deploy another version; \`make status\` lists what is refused.`;
}
