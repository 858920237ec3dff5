import type { ReleaseDiff } from "./releaseDiff";
import type { SlotRelease } from "../stack/config";
import { digest, digestIn, liveDigest } from "./digest";
import { trafficWeights } from "./trafficWeights";
import { overridable, type TransitionFacts, type Step } from "./transitionFacts";
import {
  isKnownGood,
  isOverridden,
  overrideHint,
  whyIneligible,
  whyRefused,
  whyRevisionUnfit,
} from "./eligibility";
import { slots } from "../stack/names";

/** Why a step of this shape is not legal now; empty when it is. */
type Rule = (change: ReleaseDiff, facts: TransitionFacts) => string[];

/** A reason when `holds` is false. */
const unless = (holds: boolean, reason: () => string): string[] => (holds ? [] : [reason()]);

/** What every step must leave true. */
export const everyStep: Rule = ({ previous, next }, facts) => {
  const share = trafficWeights(next);
  const takenDown = previous.migration?.downgradeFrom;
  return slots.flatMap((slot) => {
    const held = next.slots[slot];
    const isLive = slot === next.live;
    if (!held)
      return unless(
        !isLive || !liveDigest(previous),
        () =>
          `\`release.live\` is ${slot} but that slot is empty; allowed is the slot that holds a release. Run \`make deploy VERSION=<tag>\`.`,
      );
    if (share[slot] === 0) return [];
    const refused = whyRefused(held, facts);
    return [
      ...(refused ? [`\`release.slots.${slot}\` would get ${share[slot]} % of the traffic. ${refused}`] : []),
      ...unless(
        takenDown === undefined || held.revision !== takenDown,
        () =>
          `\`release.slots.${slot}\` needs revision \`${held.revision}\`, which was just taken down: it must not get traffic. Run \`make rollback\`, or \`make migrate VERSION=${held.version}\`.`,
      ),
    ];
  });
};

/** Whether a release may come into a slot or get traffic there: staging, database, refusal. */
function eligible(
  held: SlotRelease | undefined,
  { previous, next }: ReleaseDiff,
  facts: TransitionFacts,
): string[] {
  if (!held) return [];
  return [
    whyRefused(held, facts),
    whyIneligible(held, previous, next.serial, facts),
    whyRevisionUnfit(held, previous, next.serial, facts),
  ].filter((reason) => reason !== undefined);
}

const noCanary = ({ previous, idle }: ReleaseDiff, what: string): string[] =>
  unless(
    previous.canaryWeight === 0,
    () =>
      `Slot ${idle} has ${previous.canaryWeight} % of the traffic (\`release.canaryWeight\`), so ${what}; allowed is only with 0. Finish the canary with \`make deploy\`, or take it back with \`make rollback\`.`,
  );

const migrate: Rule = ({ previous, next }) => {
  const live = previous.slots[previous.live];
  const at = previous.migration?.revision;
  const to = next.migration?.revision ?? "";
  return unless(
    !live || at === undefined || at === to || live.revision !== to,
    () =>
      `\`release.migration.revision\` goes from \`${at}\` back to \`${to}\`, which the live release ${live?.version} needs: the database is ahead. A migration only goes up; run \`make downgrade REVISION=${to}\` if it must go back.`,
  );
};

const first: Rule = (change, facts) => {
  const { next } = change;
  return [
    ...unless(
      next.traffic === "paused",
      () => "`release.traffic` is open; a first release starts with paused, and opens after its smoke tests.",
    ),
    ...eligible(next.slots[next.live], change, facts),
  ];
};

const load: Rule = (change, facts) => {
  const { previous, next, idle } = change;
  const held = next.slots[idle];
  return [
    ...noCanary(change, "its image may not change"),
    ...unless(
      !held || digest(held.image) !== liveDigest(previous),
      () =>
        `\`release.slots.${idle}\` would run the digest that slot ${previous.live} serves already; allowed is another release. Nothing needs to be deployed.`,
    ),
    ...eligible(held, change, facts),
  ];
};

const canary: Rule = (change, facts) => [
  ...unless(
    change.next.traffic === "open",
    () =>
      "`release.traffic` is paused, so a canary would see no requests; allowed is open. Run `make open` first.",
  ),
  ...eligible(change.next.slots[change.idle], change, facts),
];

const promote: Rule = (change, facts) => {
  const { previous, next, idle } = change;
  const held = previous.slots[idle];
  if (!held)
    return [
      `\`release.live\` becomes ${idle}, but that slot is empty; allowed is a slot that holds a release.`,
    ];
  const reasons = [
    ...unless(
      next.canaryWeight === 0,
      () => `\`release.canaryWeight\` is ${next.canaryWeight}; after a promotion it is 0.`,
    ),
    ...unless(
      next.traffic === "open",
      () => "`release.traffic` is paused; allowed is open. Run `make open` first.",
    ),
  ];
  const given = digest(held.image);
  if (isKnownGood(given, previous, facts)) return reasons;
  if (previous.canaryWeight === 0)
    return [
      ...reasons,
      `\`release.live\` becomes ${idle} with a canary weight of 0, but ${given} is not known good here; allowed is to promote it from a canary with the gate's verdict. Run \`make deploy VERSION=${held.version}\`.`,
    ];
  const { verdict } = facts;
  const isJudged =
    verdict?.verdict === "promote" && verdict.digest === given && verdict.serial === previous.serial;
  const found = verdict
    ? `the verdict is \`${verdict.verdict}\` for ${verdict.digest} under serial ${verdict.serial}`
    : "there is no verdict";
  return [
    ...reasons,
    ...unless(
      isJudged || isOverridden(overridable.gate, next.serial, facts),
      () =>
        `A promotion needs the gate's verdict \`promote\` for ${given} under serial ${previous.serial}; ${found}. Run \`make deploy VERSION=${held.version}\`, ${overrideHint(overridable.gate)}.`,
    ),
    ...eligible(held, change, facts),
  ];
};

const validate: Rule = (change, facts) => {
  const { next, liveNext } = change;
  return [
    ...unless(
      next.validated === liveNext,
      () =>
        `\`release.validated\` is ${next.validated}, but slot ${next.live} runs ${liveNext ?? "nothing"}; allowed is the live digest. Run \`make deploy VERSION=<tag>\`, which validates what it made live.`,
    ),
    ...noCanary(change, "nothing is validated meanwhile"),
    ...opening(change, facts),
  ];
};

/** Before traffic opens, the database must fit what will answer. */
function opening(change: ReleaseDiff, facts: TransitionFacts): string[] {
  const { previous, next } = change;
  const held = next.slots[next.live];
  if (previous.traffic === "open" || !held) return [];
  const unfit = whyRevisionUnfit(held, previous, next.serial, facts);
  return unfit ? [unfit] : [];
}

const open: Rule = (change, facts) => {
  const { previous, next, liveNext } = change;
  // Not "known good": since it was validated the database may have been taken down, or a rollback begun.
  const isProven = liveNext !== undefined && previous.validated === liveNext && !facts.refused.has(liveNext);
  return [
    ...unless(
      isProven || isOverridden(overridable.smoke, next.serial, facts),
      () =>
        `\`release.traffic\` would open to ${liveNext ?? "an empty slot"}, which is not validated as things are; allowed is to open and validate at once, after its smoke tests. Run \`make deploy VERSION=${next.slots[next.live]?.version ?? "<tag>"}\`, ${overrideHint(overridable.smoke)}.`,
    ),
    ...opening(change, facts),
  ];
};

const emptyIdle: Rule = (change) => noCanary(change, "it may not be emptied");

const rollback: Rule = (change, facts) => {
  const { previous, next } = change;
  if (next.live === previous.live) return [];
  const target = digestIn(previous, next.live);
  return [
    ...unless(
      next.canaryWeight === 0,
      () => `\`release.canaryWeight\` is ${next.canaryWeight}; after a rollback it is 0.`,
    ),
    ...unless(
      target !== undefined && isKnownGood(target, previous, facts),
      () =>
        `\`release.live\` becomes ${next.live} with \`validated\` cleared, which is a rollback, but ${target ?? "that slot is empty and"} is not known good here; allowed is a release that was validated and is not refused. Run \`make rollback VERSION=<known good>\`.`,
    ),
  ];
};

const downgrade: Rule = ({ previous, next }) => {
  const at = previous.migration;
  const to = next.migration;
  if (!to) return [];
  if (!at) return ["`release.migration` is absent, so no migration has run and none can be taken down."];
  return [
    ...unless(
      previous.traffic === "paused",
      () =>
        "`release.traffic` is open; a downgrade is allowed only while it is paused, because a release that needs the newer revision may have traffic. Run `make pause` first, or `make rollback DATABASE=downgrade`, which pauses by itself.",
    ),
    ...unless(
      to.downgradeFrom === at.revision,
      () =>
        `\`release.migration.downgradeFrom\` is \`${to.downgradeFrom}\`; allowed is the revision that the database is at, \`${at.revision}\`.`,
    ),
    ...unless(
      to.revision !== at.revision,
      () =>
        `\`release.migration.revision\` is \`${to.revision}\`, where the database is already; allowed is an older one.`,
    ),
    ...unless(
      to.image === at.image,
      () =>
        `\`release.migration.image\` changes in a downgrade; allowed is \`${at.image}\`, the newest image that knows every revision in play.`,
    ),
  ];
};

/** The rules of each step, as the table of legal transitions states them. */
export const rules: Record<Step, Rule> = {
  migrate,
  first,
  load,
  canary,
  promote,
  validate,
  pause: () => [],
  open,
  "empty-idle": emptyIdle,
  rollback,
  downgrade,
};
