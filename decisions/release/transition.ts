import type { Release } from "../stack/config";
import { releaseDiff, type ReleaseDiff } from "./releaseDiff";
import type { TransitionFacts, Step } from "./transitionFacts";
import { emptyRelease } from "./nextRelease";
import { classifyStep } from "./classifyStep";
import { whyIllegal } from "./stepRules";

/** The one step that leads from one release to the next, or every reason why none does. */
export type Transition = { ok: true; step: Step } | { ok: false; reasons: string[] };

/**
 * Says which step leads from `previous` to `next`. Undefined `previous`: nothing is published, so only the bare
 * beginning (serial 0, empty) or one step from it is legal.
 */
export function transition(previous: Release | undefined, next: Release, facts: TransitionFacts): Transition {
  if (!previous) return beginning(next, facts);
  const reasons: string[] = [];
  if (next.serial !== previous.serial + 1)
    reasons.push(
      `\`release.serial\` is ${next.serial}; allowed is ${previous.serial + 1}, one more than the published ${previous.serial}. Run \`make sync\`, then change one thing and add one.`,
    );
  const change = releaseDiff(previous, next);
  const step = classifyStep(change, facts);
  if (!step) return { ok: false, reasons: [...reasons, notOneStep(change)] };
  reasons.push(...whyIllegal(step, change, facts));
  return reasons.length === 0 ? { ok: true, step } : { ok: false, reasons };
}

function beginning(next: Release, facts: TransitionFacts): Transition {
  const bare = emptyRelease(next.live);
  if (next.serial === 1) return transition(bare, next, facts);
  const { names } = releaseDiff(bare, next);
  if (next.serial === 0 && names.length === 0) return { ok: true, step: "first" };
  const reason =
    next.serial > 0
      ? `\`release.serial\` is ${next.serial}, but nothing is published on this stack; allowed is 0 with empty slots, or the first step with 1. If this stack ran before, its parameter \`release\` is lost: put it back from the stack's output \`release\`.`
      : `Serial 0 is the beginning, with \`traffic: paused\` and nothing else, but ${list(names)} ${names.length === 1 ? "is" : "are"} set. Set \`release.serial\` to 1 for a first step, or run \`make deploy VERSION=<tag>\`.`;
  return { ok: false, reasons: [reason] };
}

/** Which step changes a field, to say how to part what was changed at once. */
const stepsOf: Record<string, string> = {
  migration: "migrate or downgrade",
  "slots.blue": "load, first or empty-idle",
  "slots.green": "load, first or empty-idle",
  live: "promote (after a canary with a verdict) or rollback (to a known good release)",
  canaryWeight: "canary, promote or rollback",
  traffic: "pause or open",
  validated: "validate or rollback",
};

function notOneStep({ names, previous, next, leftDowngrade }: ReleaseDiff): string {
  if (leftDowngrade)
    return "`release.migration.downgradeFrom` is still there after the downgrade; allowed is a next step that leaves it out. The commands do so: run `make sync`, then the command again.";
  if (names.length === 0)
    return "`release.serial` rose and nothing else changed; allowed is exactly one step. Put the serial back, or run `make sync`.";
  const [name = "", ...others] = names;
  if (others.length === 0) {
    if (name.startsWith("slots."))
      return `\`release.${name}\` is the live slot or the change is no step: allowed is to load or empty the idle slot (\`live\` is ${previous.live}).`;
    if (name === "canaryWeight")
      return `\`release.canaryWeight\` goes from ${previous.canaryWeight} to ${next.canaryWeight}; allowed are 0 to 1..10 (canary) and back to 0 (rollback).`;
    return `\`release.${name}\` alone cannot change like this; steps that change it: ${stepsOf[name]}.`;
  }
  const parts = names.map((name) => `  \`release.${name}\`: ${stepsOf[name] ?? "no step"}`);
  return `These changes are not one step: ${list(names)}. One \`up\` makes one step, because it cannot order them:\n${parts.join("\n")}\nUse \`make deploy\`, \`make rollback\`, \`make empty-idle\`, \`make pause\`, or change them one after another.`;
}

const list = (names: readonly string[]): string => names.map((name) => `\`release.${name}\``).join(", ");
