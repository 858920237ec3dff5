import { slots } from "../../../decisions/stack/names";
import type { TrafficStep } from "../../../decisions/report/trafficSeries";
import type { ReleaseReport } from "../../../decisions/report/releaseReport";
import { specOf, type Drawing, type Point } from "./chartSpec";

/** One picture: for people who see it, and in a sentence for those who do not. */
export interface Chart {
  title: string;
  /** What it shows, for those who do not see it. */
  says: string;
  /** Drawn twice: for a wide screen, and for a phone, where scaled letters could not be read. */
  wide: string;
  narrow: string;
}

/** Width of the plot, pixels. */
const widths = { wide: 852, narrow: 258 } as const;

/** The report's charts. vega is loaded here, since other commands do not need it. */
export async function drawCharts(report: ReleaseReport): Promise<Chart[]> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const draw = async (drawing: Drawing, width: number) => {
    const view = new vega.View(vega.parse(compile(specOf(drawing, report, width)).spec), {
      renderer: "none",
    });
    try {
      return bare(await view.toSVG());
    } finally {
      view.finalize();
    }
  };
  return Promise.all(
    drawingsOf(report).map(async (drawing) => ({
      title: drawing.title,
      says: drawing.says,
      wide: await draw(drawing, widths.wide),
      narrow: await draw(drawing, widths.narrow),
    })),
  );
}

/** The picture alone: what it says is said around it, once, and not a hundred times inside. */
const bare = (svg: string): string =>
  svg
    .replaceAll(/ (?:role|aria-[a-z]+|pointer-events|xmlns:xlink|class)="[^"]*"/g, "")
    .replaceAll(/<path d="(?:M0,0h0v0h0Z)?"(?: display="none")?\/>/g, "")
    .replaceAll(/<text [^>]*opacity="0"[^>]*>[^<]*<\/text>/g, "")
    .replaceAll(/(\d\.\d\d)\d+/g, "$1")
    .replace("<svg ", '<svg aria-hidden="true" focusable="false" ');

function drawingsOf({ shares, series, burn, objective, slotNames }: ReleaseReport): Drawing[] {
  const names = Object.values(slotNames).join("; ");
  const drawings: Drawing[] = [
    {
      title: shares.measured ? "Who answered the requests" : "Who was to answer the requests, by config",
      says: `Share of traffic by version over time. ${names}.`,
      unit: "% of requests",
      shape: "share",
      isStepped: !shares.measured,
      points: shares.points.map(({ at, slot, percent }) => ({ at, slot, value: percent })),
      least: 100,
    },
  ];
  if ("unknown" in series) return drawings;
  const gap = series.stepSeconds * 2500;
  const bySlot = (value: (step: TrafficStep) => number | undefined) =>
    broken(
      series.steps.flatMap((step) => {
        const own = value(step);
        return own === undefined ? [] : [{ at: step.at, slot: step.slot, value: own }];
      }),
      gap,
    );
  const spent = burn.map((step) => ({
    at: step.at,
    value: step.spent === undefined ? null : 100 * step.spent,
  }));
  const isSpentKnown = spent.some(({ value }) => value !== null);
  return [
    ...drawings,
    {
      title: "Failed requests",
      says: "Share of each slot's requests that were answered with 5xx, over time.",
      unit: "% of the slot's requests",
      shape: "line",
      points: bySlot(({ requests, errors }) => (requests > 0 ? (100 * errors) / requests : undefined)),
      least: 1,
    },
    {
      title: "Time to an answer, 95th percentile",
      says: `How long 95 % of each slot's requests took at most, over time; the objective is ${objective.latencyMs} ms.`,
      unit: "ms",
      shape: "line",
      points: bySlot(({ p95Ms }) => p95Ms),
      limit: { value: objective.latencyMs, name: `objective, ${objective.latencyMs} ms` },
      least: objective.latencyMs * 1.1,
    },
    isSpentKnown
      ? {
          title: `Error budget of ${objective.windowDays} days, spent since the beginning`,
          says: "Part of the error budget that was spent since the report began, over time.",
          unit: "% of the budget",
          shape: "area",
          points: spent,
          least: 1,
        }
      : {
          title: "Error budget burn",
          says: "How many times as fast as allowed the error budget burns over five minutes; once is as fast as allowed.",
          unit: "times as fast as allowed",
          shape: "area",
          points: burn.map((step) => ({ at: step.at, value: step.burn })),
          limit: { value: 1, name: "as fast as allowed" },
          least: 2,
        },
  ];
}

/** Lines end where nothing is known: a line across a gap would claim what nobody measured. */
function broken(points: Point[], gap: number): Point[] {
  return slots.flatMap((slot) => {
    const own = points.filter((point) => point.slot === slot);
    return own.flatMap((point, index) => {
      const before = own[index - 1];
      const isApart = before && point.at - before.at > gap;
      return isApart ? [{ ...point, at: before.at + 1, value: null }, point] : [point];
    });
  });
}
