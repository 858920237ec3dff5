import { describeBudget, slotGlance, type SlotGlance } from "../../decisions/report/recentTraffic";
import { other, slots, type Slot } from "../../decisions/stack/names";
import type { OpenIncident } from "../../decisions/incident/incident";
import type { Course } from "../../decisions/report/trafficSeries";
import { attempt } from "../shell/valueOrError";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { openIncidents } from "../incident/incidentLog";

/** What is seen at a glance; an Error is the reason why a source did not say. */
export interface Glance {
  slots: Partial<Record<Slot, SlotGlance>> | Error;
  budget: string | Error;
  incidents: readonly OpenIncident[] | Error;
}

/** Minutes that a glance goes back: a canary and its bake. */
export const glanceMinutes = 15;

/** Milliseconds that the source of metrics may take: who asks for the status wants to know the rest at once. */
const patience = 3_000;

/** Reads the last minutes of both slots, the error budget and the open incidents, side by side and in bounded time. */
export async function readGlance(ctx: Context, live: Slot): Promise<Glance> {
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(patience)]);
  const to = Date.now();
  const from = to - glanceMinutes * 60_000;
  const [course, budget, incidents] = await Promise.all([
    attempt(() => ctx.metrics.course(from, to, signal)).then((answer) => named(ctx, answer)),
    attempt(async () =>
      describeBudget(await ctx.metrics.service(other(live), signal), ctx.settings.slo),
    ).then((answer) => named(ctx, answer)),
    attempt(() => openIncidents(ctx)),
  ]);
  const seen = (all: Course) =>
    slots.flatMap((slot) => {
      const one = slotGlance(all, slot, from, to);
      return one ? [[slot, one] as const] : [];
    });
  return { slots: course instanceof Error ? course : Object.fromEntries(seen(course)), budget, incidents };
}

/** An answer, or the reason for none with the source that it is about. */
function named<T>(ctx: Context, answer: T | Error): T | Error {
  if (!(answer instanceof Error)) return answer;
  const why = answer.name === "TimeoutError" ? `no answer in ${patience / 1000} s` : messageOf(answer);
  return new Error(`the source of metrics (metrics.source: ${ctx.settings.metrics.source}): ${why}`, {
    cause: answer,
  });
}
