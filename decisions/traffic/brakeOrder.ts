import type { Release } from "../stack/config";
import { other, type Slot } from "../stack/names";
import { digestIn } from "../release/digest";

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
