import type { Published } from "../stack/parameters";
import { other } from "../stack/names";
import { digestIn } from "../release/digest";
import { brakeOrder, type BrakeOrder } from "./brakeOrder";
import type { Routing } from "./routing";

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
