import { describeBudget, slotTraffic, type SlotTraffic } from "../../decisions/report/recentTraffic";
import { other, slots, type Slot } from "../../decisions/stack/names";
import type { OpenIncident } from "../../decisions/incident/incident";
import type { TrafficSeries } from "../../decisions/report/trafficSeries";
import { valueOrError } from "../shell/valueOrError";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { openIncidents } from "../incident/incidentLog";

/** Recent traffic, budget and incidents. An Error says why a source could not be read. */
export interface RecentTraffic {
  slots: Partial<Record<Slot, SlotTraffic>> | Error;
  budget: string | Error;
  incidents: readonly OpenIncident[] | Error;
}

/** Minutes that it covers: a canary and its bake. */
export const recentMinutes = 15;

/** Milliseconds that the source of metrics may take: the rest of the status must not wait longer. */
const patience = 3_000;

/** Reads the last minutes of both slots, the error budget and the open incidents, side by side and in bounded time. */
export async function readRecentTraffic(ctx: Context, live: Slot): Promise<RecentTraffic> {
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(patience)]);
  const to = ctx.clock.now().getTime();
  const from = to - recentMinutes * 60_000;
  const [series, budget, incidents] = await Promise.all([
    valueOrError(() => ctx.metrics.series(from, to, signal)).then((answer) => named(ctx, answer)),
    valueOrError(async () =>
      describeBudget(await ctx.metrics.service(other(live), signal), ctx.settings.slo),
    ).then((answer) => named(ctx, answer)),
    valueOrError(() => openIncidents(ctx)),
  ]);
  const seen = (all: TrafficSeries) =>
    slots.flatMap((slot) => {
      const one = slotTraffic(all, slot, from, to);
      return one ? [[slot, one] as const] : [];
    });
  return { slots: series instanceof Error ? series : Object.fromEntries(seen(series)), budget, incidents };
}

/** The answer; an error names the source of metrics. */
function named<T>(ctx: Context, answer: T | Error): T | Error {
  if (!(answer instanceof Error)) return answer;
  const why = answer.name === "TimeoutError" ? `no answer in ${patience / 1000} s` : messageOf(answer);
  return new Error(`the source of metrics (metrics.source: ${ctx.settings.metrics.source}): ${why}`, {
    cause: answer,
  });
}
