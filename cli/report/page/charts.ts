import { DateTime } from "luxon";
import type { TopLevelSpec } from "vega-lite" with { "resolution-mode": "import" };
import { slots, type Slot } from "../../../decisions/stack/names";
import type { TrafficStep } from "../../../decisions/report/trafficSeries";
import type { ReleaseReport } from "../../../decisions/report/releaseReport";

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
/** Room around it, pixels: on the left for a figure of five digits and what it counts. */
const room = { left: 62, right: 26, top: 2, bottom: 24 } as const;
/** A mark's number needs so much room, pixels; one that has less goes a row further down. */
const markRoom = 15;

/** A point of a chart; a value that is null breaks the line. */
interface Point {
  at: number;
  value: number | null;
  slot?: Slot;
}

interface Drawing {
  title: string;
  says: string;
  /** What the y axis counts. */
  unit: string;
  points: Point[];
  /** `share`: areas that add up; `area`: one area; `line`: a line a slot. */
  shape: "share" | "area" | "line";
  isStepped?: boolean;
  /** A level that must not be passed, with its name. */
  limit?: { value: number; name: string };
  /** End of the y axis at least. */
  least: number;
}

/** The story's charts. vega is loaded here, since other commands do not need it. */
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

function specOf(drawing: Drawing, { from, to, zone, timeline }: ReleaseReport, width: number): TopLevelSpec {
  // vega knows UTC and this machine's zone; the school's is had by moving the times.
  const moved = (at: number) => at + DateTime.fromMillis(at, { zone }).offset * 60_000;
  const domain = [moved(from), moved(to)];
  const inside = timeline.filter(({ mark, at }) => mark !== undefined && at >= from && at <= to);
  const rows: number[] = [];
  const marks = inside.map(({ at, mark, ok }) => {
    const x = (width * (at - from)) / Math.max(1, to - from);
    const free = rows.findIndex((last) => x - last >= markRoom);
    const row = free < 0 ? rows.length : free;
    rows[row] = x;
    return { at: moved(at), text: String(mark), y: 9 + 13 * row, tone: ok === false ? "bad" : "plain" };
  });
  const x = {
    field: "at",
    type: "temporal",
    scale: { type: "utc", domain },
    axis: timeAxis(to - from, width),
  } as const;
  const top = 13 * rows.length + 4;
  const height = (width > 500 ? 170 : 150) + top;
  const color = {
    field: "slot",
    type: "nominal",
    legend: null,
    scale: { domain: ["blue", "green"], range: ["var(--blue)", "var(--green)"] },
  } as const;
  const values = drawing.points
    .filter(({ at }) => at >= from && at <= to)
    .map((one) => ({ ...one, at: moved(one.at) }));
  const most = Math.max(drawing.least, ...values.map(({ value }) => value ?? 0));
  const y = {
    field: "value",
    type: "quantitative",
    title: drawing.unit,
    scale: { domain: [0, most], range: [height, top], nice: false },
    axis: { tickCount: 4, titleX: 12 - room.left },
  } as const;
  const shape =
    drawing.shape === "line"
      ? {
          mark: {
            type: "line",
            strokeWidth: 2,
            strokeJoin: "round",
            invalid: "break-paths-show-path-domains",
          },
          encoding: {
            x,
            y,
            color,
            strokeDash: {
              field: "slot",
              type: "nominal",
              legend: null,
              scale: {
                domain: ["blue", "green"],
                range: [
                  [1, 0],
                  [5, 3],
                ],
              },
            },
          },
        }
      : {
          mark: {
            type: "area",
            interpolate: drawing.isStepped ? "step-after" : "linear",
            line: drawing.shape === "area" ? { color: "var(--bad)", strokeWidth: 2 } : false,
            fillOpacity: drawing.shape === "area" ? 0.25 : 0.85,
            ...(drawing.shape === "area" ? { color: "var(--bad)" } : {}),
          },
          encoding: { x, y, ...(drawing.shape === "share" ? { color } : {}) },
        };
  const limit = drawing.limit
    ? [
        {
          data: { values: [drawing.limit] },
          mark: { type: "rule", strokeDash: [2, 3], color: "var(--muted)" },
          encoding: { y: { ...y, axis: null } },
        },
        {
          data: { values: [drawing.limit] },
          mark: { type: "text", align: "left", dx: 4, dy: -6, x: 0, fontSize: 11, color: "var(--muted)" },
          encoding: { y: { ...y, axis: null }, text: { field: "name" } },
        },
      ]
    : [];
  const tone = {
    field: "tone",
    type: "nominal",
    legend: null,
    scale: { domain: ["bad", "plain"], range: ["var(--bad)", "var(--ink)"] },
  } as const;
  const spec = {
    width,
    height,
    // Not fitted to what is in it: the same time must be at the same place in every chart.
    autosize: { type: "none" },
    padding: room,
    background: "transparent",
    layer: [
      { data: { values }, ...shape },
      ...limit,
      {
        data: { values: marks },
        mark: { type: "rule", strokeWidth: 1, strokeDash: [3, 2], opacity: 0.75 },
        encoding: { x, color: tone },
      },
      {
        data: { values: marks },
        mark: { type: "circle", size: 150, opacity: 1, color: "var(--card)" },
        encoding: { x, y: { field: "y", type: "quantitative", scale: null, axis: null } },
      },
      {
        data: { values: marks },
        mark: { type: "text", fontSize: 11, fontWeight: 700 },
        encoding: {
          x,
          y: { field: "y", type: "quantitative", scale: null, axis: null },
          text: { field: "text" },
          color: tone,
        },
      },
    ],
    resolve: { scale: { y: "independent", color: "independent" }, axis: { y: "independent" } },
    config: {
      font: "system-ui, sans-serif",
      view: { stroke: null },
      axis: {
        labelColor: "var(--muted)",
        titleColor: "var(--muted)",
        gridColor: "var(--line)",
        domainColor: "var(--line)",
        tickColor: "var(--line)",
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: 400,
      },
    },
  };
  return spec as unknown as TopLevelSpec;
}

/** Times on the x axis, as short as the story allows. */
function timeAxis(length: number, width: number) {
  const minute = 60_000;
  const format = length < 12 * minute ? "%H:%M:%S" : length < 48 * 60 * minute ? "%H:%M" : "%-d %b";
  return { title: null, grid: false, format, tickCount: width > 500 ? 8 : 3, labelOverlap: true } as const;
}
