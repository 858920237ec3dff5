import type { Release } from "../stack/config";
import { liveDigest } from "./digest";
import { idleSlot } from "./trafficWeights";

/**
 * Whether a stack has never served: its live slot is empty, or holds the first release, which had no traffic and was never
 * validated. That release may be replaced in its slot, for there is no older one to go back to.
 * @param isKnownGood whether a digest was validated here and is not refused
 */
export function isUnserved(release: Release, isKnownGood: (digest: string) => boolean): boolean {
  const live = liveDigest(release);
  if (live === undefined) return true;
  const isAlone = !release.slots[idleSlot(release)];
  return release.traffic === "paused" && release.validated === undefined && isAlone && !isKnownGood(live);
}
