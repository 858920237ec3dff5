import type { Release } from "../stack/config";
import { configDiff } from "../stack/configDiff";
import { digest } from "./digest";
import { trafficWeights } from "./trafficWeights";
import type { TransitionFacts, Step } from "./transitionFacts";
import { whyRefused } from "./eligibility";
import { holdReasons, type HoldsInput } from "../flags/heldFlags";
import { describeLease, leaseSeconds, leaseState, type Here, type Lease } from "../stack/lease";
import { slots } from "../stack/names";
import { transition } from "./transition";

/** What the program asks before it declares anything. */
export interface Admission {
  /** The release as applied; undefined: nothing has been published, so this is a first run. */
  published?: Release | undefined;
  /** The release of the stack file. */
  next: Release;
  facts: TransitionFacts;
  /** Lease as read. */
  lease?: Lease | undefined;
  /** Id of the lease under which this program runs; undefined for a plain `pulumi up`. */
  ownLease?: string | undefined;
  now: Date;
  /** What is held, as published and as the file has it; absent: not asked. */
  holds?: HoldsInput;
  /** What this machine can see of the lease's holder; absent: only its heartbeat counts. */
  here?: Here;
}

/** `same`: the file is the published release, so an `up` changes nothing but what is outside of `release`. */
export type Admitted = { ok: true; step: Step | "same" } | { ok: false; reasons: string[] };

/**
 * Whether the stack file's release may be applied now: the published one again, or one legal step from it, and by
 * nobody while somebody else's operation lives.
 */
export function admit(admission: Admission): Admitted {
  const held = leaseReason(admission);
  const reasons = [...(held ? [held] : []), ...(admission.holds ? holdReasons(admission.holds) : [])];
  const step = stepOf(admission);
  if (reasons.length === 0) return step;
  return { ok: false, reasons: [...reasons, ...(step.ok ? [] : step.reasons)] };
}

function leaseReason({ lease, ownLease, now, here }: Admission): string | undefined {
  if (ownLease === undefined) {
    if (!lease || leaseState(lease, now, here) === "dead") return undefined;
    return `Another operation holds this stack: ${describeLease(lease)}. Wait until it ends (\`make status\` shows it), or run \`make rollback VERSION=<tag>\`, which may take over from a deploy. A dead holder is ignored ${leaseSeconds} s after its last heartbeat.`;
  }
  const isOwn = lease?.id === ownLease;
  if (isOwn && !lease.cancelled) return undefined;
  const other = lease ? `now it is ${describeLease(lease)}` : "it is gone";
  return `This operation no longer holds the stack's lease (${ownLease}): ${isOwn ? "it was cancelled" : other}. Run \`make status\`, then the command again.`;
}

function stepOf({ published, next, facts }: Admission): Admitted {
  if (!published) return transition(undefined, next, facts);
  const at = published.serial;
  if (next.serial > at) return transition(published, next, facts);
  const reasons = next.serial < at ? [behind(next, at)] : notTheSame(published, next, facts);
  return reasons.length > 0 ? { ok: false, reasons } : { ok: true, step: "same" };
}

const behind = ({ serial }: Release, published: number): string =>
  `\`release.serial\` is ${serial}: this file is behind update with serial ${published}. If it was reverted to go back, run \`make apply\` (\`make rollback UPDATE=serial:${serial}\` does the same); if it is only old, run \`make sync\`, which writes the published release into it.`;

function notTheSame(published: Release, next: Release, facts: TransitionFacts): string[] {
  const changed = configDiff(published, next).map(
    ({ path, before, after }) =>
      `\`release.${path}\` is ${JSON.stringify(after)}, published is ${JSON.stringify(before)}`,
  );
  if (changed.length === 0) return exposedAndRefused(next, facts);
  return [
    `\`release.serial\` is ${next.serial}, the published one, but the release is another: ${changed.join("; ")}. With the published serial it must be identical; run \`make sync\`, or add one to the serial for one legal step.`,
  ];
}

/** A digest that was refused after it got its traffic: applying the release again would bring the incident back. */
export function exposedAndRefused(
  release: Release,
  facts: Pick<TransitionFacts, "refused" | "whyRefused">,
): string[] {
  const share = trafficWeights(release);
  return slots.flatMap((slot) => {
    const held = release.slots[slot];
    if (!held || share[slot] === 0 || !facts.refused.has(digest(held.image))) return [];
    return [
      `\`release.slots.${slot}\` has ${share[slot]} % of the traffic. ${whyRefused(held, facts)} Run \`make rollback VERSION=<known good>\`.`,
    ];
  });
}
