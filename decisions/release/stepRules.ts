import type { ReleaseDiff } from "./releaseDiff";
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
import type { Release, SlotRelease } from "../stack/config";
import { slots } from "../stack/names";
import { present } from "../text/present";

/** Why a step of this kind is not legal now: every text among these. */
type Rule = (change: ReleaseDiff, facts: TransitionFacts) => Parameters<typeof present>;

/** Every reason why `step` is not legal now; none when it is. */
export const whyIllegal = (step: Step, change: ReleaseDiff, facts: TransitionFacts): string[] =>
  present(...rules[step](change, facts), ...everyStep(change, facts));

/** What every step must leave true. */
const everyStep: Rule = ({ previous, next }, facts) => {
  const share = trafficWeights(next);
  return slots.flatMap((slot) => {
    const held = next.slots[slot];
    if (!held)
      return [
        slot === next.live &&
          liveDigest(previous) !== undefined &&
          `\`release.live\` is ${slot} but that slot is empty; allowed is the slot that holds a release. Run \`make deploy VERSION=<tag>\`.`,
      ];
    if (share[slot] === 0) return [];
    const refused = whyRefused(held, facts);
    return [
      refused && `\`release.slots.${slot}\` would get ${share[slot]} % of the traffic. ${refused}`,
      held.revision === previous.migration?.downgradeFrom &&
        `\`release.slots.${slot}\` needs revision \`${held.revision}\`, which was just taken down: it must not get traffic. Run \`make rollback\`, or \`make migrate VERSION=${held.version}\`.`,
    ];
  });
};

/** Whether a release may come into a slot or get traffic there: staging, database, refusal. */
const eligible = (held: SlotRelease | undefined, change: ReleaseDiff, facts: TransitionFacts) =>
  held
    ? [whyRefused(held, facts), whyIneligible(held, change, facts), whyRevisionUnfit(held, change, facts)]
    : [];

const noCanary = ({ previous, idle }: ReleaseDiff, what: string) =>
  previous.canaryWeight > 0 &&
  `Slot ${idle} has ${previous.canaryWeight} % of the traffic (\`release.canaryWeight\`), so ${what}; allowed is only with 0. Finish the canary with \`make deploy\`, or take it back with \`make rollback\`.`;

const weightAfter = ({ canaryWeight }: Release, what: string) =>
  canaryWeight !== 0 && `\`release.canaryWeight\` is ${canaryWeight}; after a ${what} it is 0.`;

/** Before traffic opens, the database must fit what will answer. */
function opening(change: ReleaseDiff, facts: TransitionFacts): string | undefined {
  const { previous, next } = change;
  const held = next.slots[next.live];
  return previous.traffic === "paused" && held ? whyRevisionUnfit(held, change, facts) : undefined;
}

const promote: Rule = (change, facts) => {
  const { previous, next, idle } = change;
  const held = previous.slots[idle];
  if (!held)
    return [
      `\`release.live\` becomes ${idle}, but that slot is empty; allowed is a slot that holds a release.`,
    ];
  const reasons = [
    weightAfter(next, "promotion"),
    next.traffic === "paused" && "`release.traffic` is paused; allowed is open. Run `make open` first.",
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
    !isJudged &&
      !isOverridden(overridable.gate, next.serial, facts) &&
      `A promotion needs the gate's verdict \`promote\` for ${given} under serial ${previous.serial}; ${found}. Run \`make deploy VERSION=${held.version}\`, ${overrideHint(overridable.gate)}.`,
    ...eligible(held, change, facts),
  ];
};

/** The rules of each step, as the table of legal transitions states them. */
const rules: Record<Step, Rule> = {
  migrate({ previous, next }) {
    const live = previous.slots[previous.live];
    const at = previous.migration?.revision;
    const to = next.migration?.revision ?? "";
    return [
      at !== undefined &&
        at !== to &&
        live?.revision === to &&
        `\`release.migration.revision\` goes from \`${at}\` back to \`${to}\`, which the live release ${live?.version} needs: the database is ahead. A migration only goes up; run \`make downgrade REVISION=${to}\` if it must go back.`,
    ];
  },
  first: (change, facts) => [
    change.next.traffic === "open" &&
      "`release.traffic` is open; a first release starts with paused, and opens after its smoke tests.",
    ...eligible(change.next.slots[change.next.live], change, facts),
  ],
  load(change, facts) {
    const { previous, next, idle } = change;
    const held = next.slots[idle];
    return [
      noCanary(change, "its image may not change"),
      held &&
        digest(held.image) === liveDigest(previous) &&
        `\`release.slots.${idle}\` would run the digest that slot ${previous.live} serves already; allowed is another release. Nothing needs to be deployed.`,
      ...eligible(held, change, facts),
    ];
  },
  canary: (change, facts) => [
    change.next.traffic === "paused" &&
      "`release.traffic` is paused, so a canary would see no requests; allowed is open. Run `make open` first.",
    ...eligible(change.next.slots[change.idle], change, facts),
  ],
  promote,
  validate(change, facts) {
    const { next } = change;
    const live = liveDigest(next);
    return [
      next.validated !== live &&
        `\`release.validated\` is ${next.validated}, but slot ${next.live} runs ${live ?? "nothing"}; allowed is the live digest. Run \`make deploy VERSION=<tag>\`, which validates what it made live.`,
      noCanary(change, "nothing is validated meanwhile"),
      opening(change, facts),
    ];
  },
  pause: () => [],
  open(change, facts) {
    const { previous, next } = change;
    const live = liveDigest(next);
    // Not "known good": since it was validated the database may have been taken down, or a rollback begun.
    const isProven = live !== undefined && previous.validated === live && !facts.refused.has(live);
    return [
      !isProven &&
        !isOverridden(overridable.smoke, next.serial, facts) &&
        `\`release.traffic\` would open to ${live ?? "an empty slot"}, which is not validated as things are; allowed is to open and validate at once, after its smoke tests. Run \`make deploy VERSION=${next.slots[next.live]?.version ?? "<tag>"}\`, ${overrideHint(overridable.smoke)}.`,
      opening(change, facts),
    ];
  },
  "empty-idle": (change) => [noCanary(change, "it may not be emptied")],
  rollback({ previous, next }, facts) {
    if (next.live === previous.live) return [];
    const target = digestIn(previous, next.live);
    const isGood = target !== undefined && isKnownGood(target, previous, facts);
    return [
      weightAfter(next, "rollback"),
      !isGood &&
        `\`release.live\` becomes ${next.live} with \`validated\` cleared, which is a rollback, but ${target ?? "that slot is empty and"} is not known good here; allowed is a release that was validated and is not refused. Run \`make rollback VERSION=<known good>\`.`,
    ];
  },
  downgrade({ previous, next }) {
    const at = previous.migration;
    const to = next.migration;
    if (!to) return [];
    if (!at) return ["`release.migration` is absent, so no migration has run and none can be taken down."];
    return [
      previous.traffic === "open" &&
        "`release.traffic` is open; a downgrade is allowed only while it is paused, because a release that needs the newer revision may have traffic. Run `make pause` first, or `make rollback DATABASE=downgrade`, which pauses by itself.",
      to.downgradeFrom !== at.revision &&
        `\`release.migration.downgradeFrom\` is \`${to.downgradeFrom}\`; allowed is the revision that the database is at, \`${at.revision}\`.`,
      to.revision === at.revision &&
        `\`release.migration.revision\` is \`${to.revision}\`, where the database is already; allowed is an older one.`,
      to.image !== at.image &&
        `\`release.migration.image\` changes in a downgrade; allowed is \`${at.image}\`, the newest image that knows every revision in play.`,
    ];
  },
};
