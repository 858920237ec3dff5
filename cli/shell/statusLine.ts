import { DateTime } from "luxon";
import { digestIn } from "../../decisions/release/digest";
import { trafficWeights } from "../../decisions/release/trafficWeights";
import type { Slot } from "../../decisions/stack/names";
import type { ReportUpdate } from "../../decisions/report/updates";
import { valueOrError } from "./valueOrError";
import type { Context } from "./context";
import { messageOf } from "./failure";
import type { Route, TargetCounts } from "../ports/loadBalancer";

/** Lines of `make status`: what each is about, and whether somebody should look at it. */

/** One line of the terminal. */
export interface Line {
  label: string;
  text: string;
  /** Red or yellow on a terminal: something is wrong, or somebody should look. Absent: as it should be. */
  mood?: "bad" | "unsure";
}

/** What could not be read, and why. */
export const unknown = (label: string, why: Error): Line => ({
  label,
  text: `unknown: ${messageOf(why)}`,
  mood: "unsure",
});

/** `2 minutes ago`. */
export const age = (time: string): string => DateTime.fromISO(time).toRelative({ locale: "en" }) ?? time;

/** An update of stack history: when, what, and how it ended where that was not well. */
export function describeUpdate({ line, from, result, name }: ReportUpdate): Line {
  const isBad = result !== "succeeded" && result !== "in-progress";
  return {
    label: "update",
    text: `${age(new Date(from).toISOString()).padEnd(14)} ${isBad ? `${result.toUpperCase()}: ` : result === "in-progress" ? "under way: " : ""}${line} (${name})`,
    ...(isBad && { mood: "bad" as const }),
  };
}

/** A slot, with what load balancer and config say of it. */
export async function describeSlot(
  ctx: Context,
  slot: Slot,
  route: Route | Error | undefined,
  release: Parameters<typeof trafficWeights>[0],
) {
  const held = release.slots[slot];
  const known = route instanceof Error ? undefined : route;
  const targets = known
    ? await valueOrError<TargetCounts>(() => ctx.loadBalancer.targets(known, slot))
    : undefined;
  const wanted = trafficWeights(release)[slot];
  const actual = known && (known.routing.traffic === "open" ? known.routing.weights[slot] : 0);
  const health =
    targets instanceof Error
      ? messageOf(targets)
      : targets
        ? `${targets.healthy} of ${targets.total} targets healthy`
        : route instanceof Error
          ? "targets unknown"
          : "no target group yet";
  // Zero would read as an outage where only the load balancer's API does not answer.
  const share = route instanceof Error ? "unknown share" : `${actual ?? 0} %`;
  const drift = actual !== undefined && actual !== wanted ? `, CONFIG SAYS ${wanted} %` : "";
  const role = slot === release.live ? "live" : "idle";
  return {
    slot,
    role,
    version: held?.version,
    digest: digestIn(release, slot),
    weight: actual,
    configWeight: wanted,
    targets: targets instanceof Error ? undefined : targets,
    line: {
      label: slot,
      text: `${role} ${held?.version ?? "empty"}, ${share} of the traffic${drift}, ${health}`,
      ...(drift !== "" && { mood: "bad" as const }),
      ...((route instanceof Error || targets instanceof Error) && { mood: "unsure" as const }),
    } satisfies Line,
  };
}
