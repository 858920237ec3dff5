import { checklist, type Check } from "../../decisions/deploy/checklist";
import { type HistoryEntry, knownGood } from "../../decisions/stack/history";
import { leaseState, type Lease } from "../../decisions/stack/lease";
import { other } from "../../decisions/stack/names";
import { readRevisionFacts } from "../../repository/database/revisionFacts";
import type { ReleaseRecord } from "../../decisions/release/releaseRecord";
import type { Context } from "../shell/context";
import { readPromotionSource } from "../stack/promotionSource";
import { exitCodes, Failure } from "../shell/failure";
import type { Operation } from "../stack/operation";
import type { Standing } from "../stack/standing";
import { isOverridden } from "./override";
import { here } from "../../repository/stack/process";

/** Reads what the checks look at and runs them. What cannot be read is left out, and its check is then not ok. */
export async function readChecklist(
  ctx: Context,
  record: ReleaseRecord,
  from: Standing & Partial<Pick<Operation, "lease">>,
): Promise<Check[]> {
  const { current, history, published } = from;
  const now = ctx.clock.now();
  const [staging, route, alarms, service] = await Promise.all([
    readPromotionSource(ctx),
    ctx.loadBalancer.route(ctx.signal).catch((error: unknown) => {
      // A listener that is not there is a fault of config, which no check could explain.
      if (error instanceof Failure) throw error;
      return undefined;
    }),
    ctx.alarms.states().catch(() => undefined),
    ctx.metrics.service(other(current.live), ctx.signal),
  ]);
  const { targets } = knownGood(history, new Set(published.refused.keys()));
  const liveWeights =
    route && (route.routing.traffic === "open" ? route.routing.weights : { blue: 0, green: 0 });
  return checklist({
    version: record.version,
    record,
    current,
    ...staging,
    knownGood: new Set(targets.map((target) => target.digest)),
    refused: published.refused,
    liveWeights,
    alarms,
    service,
    slo: ctx.settings.slo,
    revisions: readRevisionFacts(ctx.root, ctx.settings, current, {
      from: current.migration?.revision,
      needed: record.revision,
      downgraded: staging.stagingDowngraded,
    }),
    otherLease: otherLease(published.lease, from.lease?.id, now),
    recovery: { stack: ctx.stack, now, drills: published.drills, ...since(history) },
  });
}

/** When the stack was first updated: a new database has a quarter to be drilled for the first time. */
export function since(history: readonly HistoryEntry[]): { since?: string } {
  const [first] = history
    .filter(({ kind, result }) => kind === "update" && result === "succeeded")
    .map(({ startTime }) => startTime)
    .sort();
  return first === undefined ? {} : { since: first };
}

/** A live lease that is not ours. */
function otherLease(lease: Lease | undefined, own: string | undefined, now: Date): Lease | null {
  return lease && lease.id !== own && leaseState(lease, now, here) === "live" ? lease : null;
}

/** The checks for people. */
export const describeChecks = (checks: readonly Check[]): string =>
  checks
    .map(
      (check) =>
        `${check.ok ? "ok    " : "NOT OK"}  ${check.id.padEnd(18)} ${check.title}: ${check.detail}${check.next ? `\n        ${check.next}` : ""}`,
    )
    .join("\n");

/** Throws refused (4) with every check that failed and was not overridden. */
export function passChecklist(ctx: Context, checks: Check[]): void {
  ctx.output.set("checklist", checks);
  for (const check of checks)
    ctx.output.say(`${check.ok ? "ok    " : "NOT OK"} ${check.title}: ${check.detail}`);
  const failed = checks.filter((check) => !check.ok && !(check.overridable && isOverridden(ctx, check.id)));
  if (failed.length === 0) return;
  const [first] = failed;
  throw new Failure(
    exitCodes.refused,
    [
      `${failed.length} of ${checks.length} checks failed; nothing was changed:`,
      ...failed.map((check) => `  ${check.id}: ${check.detail}${check.next ? `; ${check.next}` : ""}`),
    ].join("\n"),
    { next: first?.next, details: { failed: failed.map((check) => check.id) } },
  );
}
