import type { ProvedRevision } from "../../database/revisionProof";
import { failed, passed, type CheckResult } from "./checkResult";
import type { PromotionSource } from "../../release/transitionFacts";

/** The checks on the revisions that a release brings (A7, A8, A9, B5). */

/** What they go by. */
export interface RevisionFacts extends Pick<PromotionSource, "requiresStaging" | "promotedFrom"> {
  /** Revisions that the database has yet to take, oldest first; undefined: the files do not say, see `unknown`. */
  pending?: readonly ProvedRevision[] | undefined;
  /** Why the files do not say. */
  unknown?: readonly string[];
  /** The revision that the release needs. */
  needed: ProvedRevision;
  /** SHA-256 of the seed scripts as they are. */
  seeds: string;
  /** The release that is live while the database is migrated; absent on a first release. */
  live?: { version: string; revision: string } | undefined;
  downgraded?: PromotionSource["stagingDowngraded"];
  /** Revision -> SHA-256 of its file as it is. */
  hashes: ReadonlyMap<string, string>;
}

const notKnown = ({ unknown = [] }: RevisionFacts): CheckResult =>
  failed(
    ["the files do not say which revisions lie between the database and the release", ...unknown].join("; "),
    "Check out the commit that has every revision in migrations/revisions, then run the command again.",
  );

const none = passed("no revision is new to this database");

const names = (pending: readonly ProvedRevision[]): string => pending.map(({ id }) => id).join(", ");

/** Fails where revisions lack a piece of evidence: why, of each, and what to do about the first. */
function lacking(
  pending: readonly ProvedRevision[],
  piece: "review" | "proof",
  says: (id: string) => string,
): CheckResult | undefined {
  const missing = pending.flatMap(({ id, [piece]: found }) => (found.ok ? [] : [{ id, ...found }]));
  const why = missing.map(({ id, reasons }) => `${says(id)}: ${reasons.join("; ")}`).join("; ");
  return missing[0] && failed(why, missing[0].next);
}

/** A7: somebody else than its author has read each revision, as it is now. */
export function revisionsReviewed(facts: RevisionFacts): CheckResult {
  const { pending } = facts;
  if (!pending) return notKnown(facts);
  if (pending.length === 0) return none;
  const unreviewed = lacking(pending, "review", (id) => `${id} is not reviewed`);
  const by = new Set(pending.flatMap(({ review }) => (review.ok ? [review.by] : [])));
  return unreviewed ?? passed(`${names(pending)} reviewed by ${[...by].join(", ")}`);
}

/** A8: the seed scripts ran, as they are now, on the schema that the release needs. */
export function seedsCurrent({ needed: { id, proof }, seeds }: RevisionFacts): CheckResult {
  const next = `Run \`make prove-migrations REVISION=${id}\`: it runs the seeds twice; commit the file.`;
  if (!proof.ok) return failed(`no proof says so: ${proof.reasons.join("; ")}`, next);
  if (proof.details.seeds !== seeds)
    return failed(`the seed scripts have changed since they ran on ${id}`, next);
  return passed(`they ran twice on ${id}`);
}

/** A9: each revision went down and the schema was what it was; the release that is live works on it meanwhile. */
export function downgradesProved(facts: RevisionFacts): CheckResult {
  const { pending, live } = facts;
  if (!pending) return notKnown(facts);
  if (pending.length === 0) return none;
  const unproved = lacking(pending, "proof", (id) => `the downgrade of ${id} is not proved`);
  if (unproved) return unproved;
  const breaking = live ? brokenBy(pending, live.revision) : [];
  if (live && breaking.length > 0)
    return failed(
      `${live.version}, which is live and may be rolled back to, is not proved to work on ${breaking.join(", ")}`,
      `Take away what ${live.version} uses only in a release after it; then run \`make prove-migrations\`.`,
    );
  return passed(`${names(pending)} went down and up again on a database with rows`);
}

/** Those of them on which code that needs `revision` is not proved to work. */
export const brokenBy = (pending: readonly ProvedRevision[], revision: string): string[] =>
  pending.flatMap(({ id, proof }) =>
    proof.ok && !proof.details.worksWith.some((one) => one.revision === revision) ? [id] : [],
  );

/** B5: the stack before this one has taken its own database down and up again, with the files as they are now. */
export function downgradedInStaging(facts: RevisionFacts): CheckResult {
  const { pending, live, downgraded, requiresStaging, promotedFrom = "staging", hashes } = facts;
  if (!requiresStaging) return passed("this stack is the first stage");
  if (!pending) return notKnown(facts);
  if (pending.length === 0) return none;
  if (!live) return passed("a first release: there is nothing to go down to");
  // Named, because that stage may hold another release by now in its other slot.
  const next = `Run \`make prove-downgrade STACK=${promotedFrom} VERSION=${live.version}\`.`;
  if (!downgraded) return failed(`${promotedFrom}'s output \`downgrades\` could not be read`, next);
  const missing = pending.filter(({ id }) => downgraded.get(id) === undefined);
  if (missing.length > 0) return failed(`${promotedFrom} has not taken down ${names(missing)}`, next);
  const older = pending.filter(({ id }) => downgraded.get(id) !== hashes.get(id));
  if (older.length > 0) return failed(`${names(older)} has changed since ${promotedFrom} took it down`, next);
  return passed(`${promotedFrom} took ${names(pending)} down and up again`);
}

/** Those that exist, with the ids and rows of the checklist. None may be overridden: each can be had. */
export const revisionChecks = [
  { id: "revisions-reviewed", title: "New revisions are reviewed", row: "A7", run: revisionsReviewed },
  { id: "seeds-current", title: "The seed scripts fit the schema", row: "A8", run: seedsCurrent },
  { id: "downgrades-proved", title: "Downgrades are proved", row: "A9", run: downgradesProved },
  {
    id: "downgraded-in-staging",
    title: "The stage before has gone down and up",
    row: "B5",
    run: downgradedInStaging,
  },
] as const;
