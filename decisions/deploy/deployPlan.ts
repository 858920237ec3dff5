import type { Release, SlotRelease } from "../stack/config";
import { digest, digestIn, liveDigest } from "../release/digest";
import { idleSlot } from "../release/trafficWeights";
import type { PlannedUpdate } from "../release/plannedUpdate";
import { isUnserved } from "../release/eligibility";
import type { CommandHint } from "../text/commandHint";
import type { ReleaseRecord } from "../release/releaseRecord";
import { releaseAfter } from "../release/nextRelease";

/** What a deploy starts from. */
export interface DeployPlanInput {
  /** The release to start from, as `startingPoint` gave it. */
  current: Release;
  /** The record of the version asked for. */
  record: ReleaseRecord;
  /** Digests of known-good updates of this stack, from history, without refused ones. */
  knownGood: ReadonlySet<string>;
}

/** What a deploy does from here; computed anew after a crash it gives the steps that are left. */
export type DeployPlan =
  | { kind: "nothing"; why: string }
  | { kind: "steps"; steps: PlannedUpdate[] }
  /** The version is a known-good older one: run the rollback command's plan with it. */
  | { kind: "rollback"; version: string; why: string }
  | { kind: "blocked"; reasons: string[]; next: CommandHint[] };

/** More steps than any deploy has; a rule that leads nowhere would otherwise never end. */
const mostSteps = 10;

/**
 * The steps from `current` to the version being live and validated. From any release that a killed deploy of the same
 * version left, they are the rest of its steps.
 */
export function deployPlan(input: DeployPlanInput): DeployPlan {
  const stop = obstacle(input);
  if (stop) return stop;
  const steps: PlannedUpdate[] = [];
  let current = input.current;
  while (steps.length < mostSteps) {
    const step = following(current, input);
    if (!step) break;
    steps.push(step);
    current = step.release;
  }
  if (steps.length > 0) return { kind: "steps", steps };
  const { version } = input.record;
  return {
    kind: "nothing",
    why: `${version} is live and validated already${current.traffic === "paused" ? "; traffic is paused, `make open` opens it" : ""}.`,
  };
}

/** Why there is no way on from here by a deploy; undefined when there is. */
function obstacle({ current, record, knownGood }: DeployPlanInput): DeployPlan | undefined {
  const wanted = digest(record.image);
  const live = current.slots[current.live];
  const idle = current.slots[idleSlot(current)];
  const blocked = (reason: string, ...commands: CommandHint[]): DeployPlan => ({
    kind: "blocked",
    reasons: [reason],
    next: commands,
  });
  if (!live || isUnserved(current, (one) => knownGood.has(one))) return undefined;
  if (current.canaryWeight > 0 && idle && digest(idle.image) !== wanted)
    return blocked(
      `Version ${idle.version} is a canary with ${current.canaryWeight} % of the traffic, so ${record.version} cannot start. Finish the canary, or take it back first.`,
      hint("deploy", idle.version),
      hint("rollback", live.version),
    );
  if (liveDigest(current) === wanted) return undefined;
  if (current.canaryWeight === 0 && knownGood.has(wanted))
    return {
      kind: "rollback",
      version: record.version,
      why: `${record.version} was live and validated before, so this is a rollback to it.`,
    };
  if (current.canaryWeight === 0 && current.validated !== liveDigest(current))
    return blocked(
      `Version ${live.version} is live but not validated: a release is half way. Finish it, or go back first.`,
      ...(knownGood.has(digest(live.image))
        ? [hint("rollback", live.version)]
        : [hint("deploy", live.version), hint("rollback", "<known good>")]),
    );
  if (current.traffic === "paused")
    return blocked("Traffic is paused, and a canary without traffic shows nothing. Open it first.", {
      command: "open",
    });
  return undefined;
}

const hint = (command: string, version: string): CommandHint => ({
  command,
  variables: { VERSION: version },
});

/** The next step towards `record`, undefined at the end. Whatever it needs to know is in `current`, so it can be asked after a crash. */
function following(current: Release, { record, knownGood }: DeployPlanInput): PlannedUpdate | undefined {
  const { version, image, revision } = record;
  const held: SlotRelease = { version, image, revision };
  const wanted = digest(image);
  const live = current.slots[current.live];
  const idle = idleSlot(current);
  if (live && liveDigest(current) === wanted) {
    if (current.validated === wanted) return undefined;
    const opens = current.traffic === "paused" ? "traffic opens and " : "";
    return {
      step: "validate",
      release: releaseAfter.validate(current),
      smokeBefore: current.live,
      why: `${version} passed its validation; ${opens}risky flags may be on`,
    };
  }
  if (current.canaryWeight > 0)
    return {
      step: "promote",
      release: releaseAfter.promote(current),
      gateBefore: true,
      why: `${version} takes all traffic; ${live?.version ?? "the old release"} stays in the idle slot`,
    };
  if (current.migration?.revision !== revision && live?.revision !== revision)
    return {
      step: "migrate",
      release: releaseAfter.migrate(current, { revision, image }),
      why: `the database goes up to ${revision}`,
    };
  if (isUnserved(current, (one) => knownGood.has(one)))
    return {
      step: "first",
      release: releaseAfter.first(current, held),
      why: `${version} into slot ${current.live}, traffic stays paused`,
    };
  if (digestIn(current, idle) !== wanted)
    return {
      step: "load",
      release: releaseAfter.load(current, held),
      why: `${version} into slot ${idle}, without traffic`,
    };
  const release = releaseAfter.canary(current);
  return {
    step: "canary",
    release,
    smokeBefore: idle,
    why: `${version} gets ${release.canaryWeight} % of the traffic`,
  };
}
