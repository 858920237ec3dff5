import type { Release, SlotRelease } from "../stack/config";
import { digest } from "./digest";
import { namesCheck, overridable, type TransitionFacts } from "./transitionFacts";
import { slots } from "../stack/names";

/** What may be said of a digest or of a release in a slot, given the facts. */

/** Validated on this stack at some time, or what is validated right now; a refused digest never is. */
export const isKnownGood = (digest: string, previous: Release, facts: TransitionFacts): boolean =>
  !facts.refused.has(digest) && (facts.knownGood.has(digest) || previous.validated === digest);

/** Whether a person overrode `check` for the step with `serial`. */
export const isOverridden = (check: string, serial: number, { override }: TransitionFacts): boolean =>
  override?.serial === serial &&
  namesCheck(override.check, check) &&
  override.actor !== "" &&
  override.reason !== "";

/** How to override `check`, for the end of a refusal. */
export const overrideHint = (check: string): string => `or OVERRIDE=${check} REASON=<why> ACTOR=<name>`;

/** Why this stack may not take `held` from the stage before it (A4); undefined when it may. */
export function whyIneligible(
  held: SlotRelease,
  previous: Release,
  serial: number,
  facts: TransitionFacts,
): string | undefined {
  const given = digest(held.image);
  if (!facts.requiresStaging || facts.stagingValidated === given || isKnownGood(given, previous, facts))
    return undefined;
  if (isOverridden(overridable.staging, serial, facts)) return undefined;
  const validated = facts.stagingValidated
    ? `the digest that it validated is ${facts.stagingValidated}`
    : "it has validated nothing";
  return `Release ${held.version} (${given}) was not validated by the stage before this one: ${validated}. Run \`make deploy VERSION=${held.version} STACK=${facts.promotedFrom ?? "staging"}\` first, ${overrideHint(overridable.staging)}.`;
}

/**
 * Why the database may not be one that `held` can run on; undefined when it is known to be. Alembic's ids have no order,
 * so a revision counts as fitting when it is the database's, a slot that serves already needs it, or the release is known good.
 */
export function whyRevisionUnfit(
  held: SlotRelease,
  previous: Release,
  serial: number,
  facts: TransitionFacts,
): string | undefined {
  const at = previous.migration?.revision;
  if (at === undefined)
    return `Release ${held.version} needs revision \`${held.revision}\`, but no migration has run on this stack (\`release.migration\` is absent). Run \`make migrate VERSION=${held.version}\` first.`;
  if (held.revision === at || isKnownGood(digest(held.image), previous, facts)) return undefined;
  if (slots.some((slot) => slot === previous.live && previous.slots[slot]?.revision === held.revision))
    return undefined;
  if (isOverridden(overridable.revision, serial, facts)) return undefined;
  return `Release ${held.version} needs revision \`${held.revision}\`, but \`release.migration.revision\` is \`${at}\`. Run \`make migrate VERSION=${held.version}\` first, ${overrideHint(overridable.revision)} if the release is proven on \`${at}\`.`;
}

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
