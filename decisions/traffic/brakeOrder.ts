import type { Release } from "../stack/config";
import { other, type Slot } from "../stack/names";
import type { Published } from "../stack/parameters";
import { digestIn } from "../release/digest";
import type { Routing } from "./routing";

/** What the brake is to do. */
export interface BrakeOrder {
  /** Slot that is to have all traffic. */
  good: Slot;
  /** Digest that this slot must answer with before it gets traffic. */
  goodDigest: string;
  /** Digests that are refused from now on. */
  badDigests: string[];
  /** Slots whose workers stop. */
  stopWorkers: Slot[];
  reason: string;
  /** Take all traffic away instead: the database has to go back first. */
  pause?: boolean;
}

/** What {@link brakeOrder} makes an order of. */
export interface BrakeRequest extends Pick<BrakeOrder, "good" | "goodDigest" | "reason"> {
  /** What becomes of the digest in the other slot: never served again, or free to be deployed again. */
  otherDigest: "refused" | "allowed";
}

/** All traffic and the workers go away from the slot that is not `good`. */
export function brakeOrder(current: Release, request: BrakeRequest): BrakeOrder {
  const { good, goodDigest, reason, otherDigest } = request;
  const bad = digestIn(current, other(good));
  const isRefused = otherDigest === "refused" && bad !== undefined && bad !== goodDigest;
  return { good, goodDigest, badDigests: isRefused ? [bad] : [], stopWorkers: [other(good)], reason };
}

/**
 * The order that moves all traffic to `version` before anything is planned. Undefined unless a slot holds the version, its
 * digest was validated here and is not refused, and the other slot still has traffic.
 */
export function quickOrder(
  { release, validated, refused }: Pick<Published, "release" | "validated" | "refused">,
  routing: Routing,
  version: string,
  reason: string,
): BrakeOrder | undefined {
  if (!release || routing.traffic === "paused") return undefined;
  for (const good of [release.live, other(release.live)]) {
    const goodDigest = digestIn(release, good);
    if (release.slots[good]?.version !== version || goodDigest === undefined) continue;
    if (!validated.has(goodDigest) || refused.has(goodDigest)) continue;
    if (routing.weights[other(good)] === 0) return undefined;
    return brakeOrder(release, { good, goodDigest, reason, otherDigest: "refused" });
  }
  return undefined;
}
