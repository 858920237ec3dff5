import { brokenBy, downgradesProved, revisionChecks, type RevisionFacts } from "../deploy/checks/revisions";

/** Whether a stack's own database can go down and come up again while a release serves (B5), asked before anything moves. */

/** A version that was validated on the stack, with the revision that it needs. */
export interface Candidate {
  version: string;
  revision: string;
}

/** Why a trial would stop half-way, and a version under which it would not, where one was validated here. */
export interface TrialRefusal {
  reasons: string[];
  /** The newest such version. */
  instead?: string;
}

/**
 * Why the database could not come up again; undefined where it can. Going up is a migration like any other, so it must
 * pass what a deploy's checklist asks, and the release that serves meanwhile must work on what comes.
 * @param facts of the revisions that go down, with the release that would serve meanwhile as the live one
 * @param validated newest first
 */
export function trialRefusal(
  facts: RevisionFacts,
  validated: readonly Candidate[],
): TrialRefusal | undefined {
  const { pending = [], live } = facts;
  const isProved = pending.every(({ proof }) => proof.ok);
  const broken = live && isProved ? brokenBy(pending, live.revision) : [];
  const unmet = revisionChecks
    .filter(({ run }) => run !== downgradesProved || broken.length === 0)
    .flatMap(({ id, run }) => {
      const result = run(facts);
      return result.ok ? [] : [`${id}: ${result.detail}; ${result.next}`];
    });
  if (!live || broken.length === 0) return unmet.length > 0 ? { reasons: unmet } : undefined;
  const top = pending.at(-1)?.id;
  const instead = validated.find(({ revision }) => revision !== top && comesUp(pending, revision));
  return {
    reasons: [`${live.version} is not proved to work on ${broken.join(", ")}`, ...unmet],
    ...(instead && { instead: instead.version }),
  };
}

/** Whether code for `revision`, which is one of `pending` or before them, works on each that comes after it. */
function comesUp(pending: NonNullable<RevisionFacts["pending"]>, revision: string): boolean {
  const own = pending.findIndex(({ id }) => id === revision);
  return brokenBy(pending.slice(own + 1), revision).length === 0;
}
