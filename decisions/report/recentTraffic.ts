import { judgeService, type Objective, type ServiceCounts, type ServiceWindows } from "../gate/errorBudget";
import { percent } from "../text/percent";
import type { Slot } from "../stack/names";
import { totalOf, type TrafficSeries } from "./trafficSeries";

/** What the last minutes were like, in words and a few blocks that are understood at a glance in a terminal. */

/** One slot over the time of a traffic series. */
export interface SlotTraffic extends ServiceCounts {
  /** 95th percentile of the time to an answer in the newest step that has one, milliseconds; absent: none has. */
  p95Ms?: number | undefined;
  /** The slot's share of both slots' requests in each part of the time, 0 to 1, oldest first; undefined: nobody asked. */
  shares: readonly (number | undefined)[];
}

/** Parts of the time that are drawn, one block each. */
const parts = 15;

/** A slot between `from` and `to`, milliseconds since 1970; undefined where it had no pod that was measured. */
export function slotTraffic(
  series: TrafficSeries,
  slot: Slot,
  from: number,
  to: number,
): SlotTraffic | undefined {
  const own = series.steps.filter((step) => step.slot === slot);
  if (own.length === 0) return undefined;
  const edge = (part: number) => from + ((to - from) * part) / parts;
  /** Requests of the steps that end in a part. */
  const within = (steps: TrafficSeries["steps"], part: number) =>
    steps
      .filter(({ at }) => at > edge(part) && at <= edge(part + 1))
      .reduce((total, { requests }) => total + requests, 0);
  const p95Ms = own.findLast((step) => step.p95Ms !== undefined)?.p95Ms;
  return {
    ...totalOf(series, slot),
    p95Ms,
    shares: Array.from({ length: parts }, (_, part) => {
      const all = within(series.steps, part);
      return all > 0 ? within(own, part) / all : undefined;
    }),
  };
}

const blocks = "▁▂▃▄▅▆▇█";

/** Shares as a row of blocks: a dot where there was no request at all, a space where others had them all. */
export const sparkline = (shares: SlotTraffic["shares"]): string =>
  shares
    .map((share) => {
      if (share === undefined) return "·";
      const height = Math.min(blocks.length - 1, Math.floor(share * blocks.length));
      return share <= 0 ? " " : blocks.charAt(height);
    })
    .join("");

/** A slot's last minutes as one line. */
export function describeSlotTraffic({ requests, errors, p95Ms, shares }: SlotTraffic): string {
  const failed = requests > 0 ? ` (${percent(errors / requests)})` : "";
  const speed = p95Ms === undefined ? "" : `, 95 % now within ${Math.round(p95Ms)} ms`;
  return `|${sparkline(shares)}| ${requests.toLocaleString("en-GB")} requests, ${errors.toLocaleString("en-GB")} failed${failed}${speed}`;
}

/** What is left of the error budget, and how fast it goes. */
export function describeBudget(service: ServiceWindows | "unknown", slo: Objective): string {
  const { figures, reasons } = judgeService(service, slo);
  if (figures.left === undefined || !figures.serviceBurn) return reasons.join(", ");
  const burn = figures.serviceBurn.hour.toFixed(1);
  const left = `${percent(figures.left, 1)} left, the last hour burnt it ${burn} times as fast as allowed`;
  return [left, ...reasons].join("; ");
}
