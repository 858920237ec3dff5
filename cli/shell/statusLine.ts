import { DateTime } from "luxon";
import { digestIn } from "../../decisions/release/digest";
import { trafficWeights } from "../../decisions/release/trafficWeights";
import type { Slot } from "../../decisions/stack/names";
import type { ReportUpdate } from "../../decisions/report/updates";
import { valueOrError } from "./valueOrError";
import type { Context } from "./context";
import { messageOf } from "./failure";
import type { Route, TargetCounts } from "../ports/loadBalancer";

/** The lines of `make status`. */

/** One line on the terminal. */
export interface Line {
  label: string;
  text: string;
  /** Red (something is wrong) or yellow (somebody should check) on a terminal. Absent: all is well. */
  mood?: "bad" | "unsure";
}

/** The line of something that could not be read, with the reason. */
export const unknown = (label: string, why: Error): Line => ({
  label,
  text: `unknown: ${messageOf(why)}`,
  mood: "unsure",
});

/** `2 minutes ago`. */
export const age = (time: string): string => DateTime.fromISO(time).toRelative({ locale: "en" }) ?? time;

/** The line of an update in stack history: when, what, and its result if it did not succeed. */
export function describeUpdate({ line, from, result, name }: ReportUpdate): Line {
  const isBad = result !== "succeeded" && result !== "in-progress";
  return {
    label: "update",
    text: `${age(new Date(from).toISOString()).padEnd(14)} ${isBad ? `${result.toUpperCase()}: ` : result === "in-progress" ? "under way: " : ""}${line} (${name})`,
    ...(isBad && { mood: "bad" as const }),
  };
}

/** A slot as the load balancer and the config describe it, with its line. */
export async function describeSlot(
  ctx: Context,
  slot: Slot,
  route: Route | Error | undefined,
  release: Parameters<typeof trafficWeights>[0],
) {
  const version = release.slots[slot]?.version;
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
  // 0 % would look like an outage when only the load balancer's API does not answer.
  const share = route instanceof Error ? "unknown share" : `${actual ?? 0} %`;
  const drift = actual !== undefined && actual !== wanted ? `, CONFIG SAYS ${wanted} %` : "";
  const role = slot === release.live ? "live" : "idle";
  return {
    slot,
    role,
    version,
    digest: digestIn(release, slot),
    weight: actual,
    configWeight: wanted,
    targets: targets instanceof Error ? undefined : targets,
    line: {
      label: slot,
      text: `${role} ${version ?? "empty"}, ${share} of the traffic${drift}, ${health}`,
      ...(drift !== "" && { mood: "bad" as const }),
      ...((route instanceof Error || targets instanceof Error) && { mood: "unsure" as const }),
    } satisfies Line,
  };
}
