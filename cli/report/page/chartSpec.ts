import { DateTime } from "luxon";
import type { TopLevelSpec } from "vega-lite" with { "resolution-mode": "import" };
import type { Slot } from "../../../decisions/stack/names";
import type { ReleaseReport } from "../../../decisions/report/releaseReport";

/** How a chart is drawn, in the words of vega-lite. */

/** Room around it, pixels: on the left for a figure of five digits and what it counts. */
const room = { left: 62, right: 26, top: 2, bottom: 24 } as const;
/** A mark's number needs so much room, pixels; one that has less goes a row further down. */
const markRoom = 15;

/** A point of a chart; a value that is null breaks the line. */
export interface Point {
  at: number;
  value: number | null;
  slot?: Slot;
}

/** What one chart shows. */
export interface Drawing {
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

/** A chart as vega takes it: what was measured, its limit, and what happened above it. */
export function specOf(drawing: Drawing, report: ReleaseReport, width: number): TopLevelSpec {
  const { from, to, zone } = report;
  // vega knows UTC and this machine's zone; the school's is had by moving the times.
  const moved = (at: number) => at + DateTime.fromMillis(at, { zone }).offset * 60_000;
  const { marks, rows } = markersOf(report, width, moved);
  const x = {
    field: "at",
    type: "temporal",
    scale: { type: "utc", domain: [moved(from), moved(to)] },
    axis: timeAxis(to - from, width),
  } as const;
  const top = 13 * rows + 4;
  const height = (width > 500 ? 170 : 150) + top;
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
  const spec = {
    width,
    height,
    // Not fitted to what is in it: the same time must be at the same place in every chart.
    autosize: { type: "none" },
    padding: room,
    background: "transparent",
    layer: [
      { data: { values }, ...shapeOf(drawing, { x, y }) },
      ...limitOf(drawing, y),
      ...markerLayers(marks, x),
    ],
    resolve: { scale: { y: "independent", color: "independent" }, axis: { y: "independent" } },
    config: style,
  };
  return spec as unknown as TopLevelSpec;
}

/** What happened while the chart's time went by, and the rows that the numbers need so that none covers another. */
function markersOf({ from, to, timeline }: ReleaseReport, width: number, moved: (at: number) => number) {
  const rows: number[] = [];
  const marks = timeline
    .filter(({ mark, at }) => mark !== undefined && at >= from && at <= to)
    .map(({ at, mark, ok }) => {
      const x = (width * (at - from)) / Math.max(1, to - from);
      const free = rows.findIndex((last) => x - last >= markRoom);
      const row = free < 0 ? rows.length : free;
      rows[row] = x;
      return { at: moved(at), text: String(mark), y: 9 + 13 * row, tone: ok === false ? "bad" : "plain" };
    });
  return { marks, rows: rows.length };
}

/** The slots' colours, or their dashes: a reader who sees no colour tells them apart too. */
const bySlotOf = (range: unknown) =>
  ({ field: "slot", type: "nominal", legend: null, scale: { domain: ["blue", "green"], range } }) as const;
const color = bySlotOf(["var(--blue)", "var(--green)"]);
const dashes = bySlotOf([
  [1, 0],
  [5, 3],
]);

/** The measured values as lines, or as an area. */
function shapeOf(drawing: Drawing, axes: { x: object; y: object }) {
  if (drawing.shape === "line")
    return {
      mark: { type: "line", strokeWidth: 2, strokeJoin: "round", invalid: "break-paths-show-path-domains" },
      encoding: { ...axes, color, strokeDash: dashes },
    };
  const isArea = drawing.shape === "area";
  return {
    mark: {
      type: "area",
      interpolate: drawing.isStepped ? "step-after" : "linear",
      line: isArea ? { color: "var(--bad)", strokeWidth: 2 } : false,
      fillOpacity: isArea ? 0.25 : 0.85,
      ...(isArea ? { color: "var(--bad)" } : {}),
    },
    encoding: { ...axes, ...(drawing.shape === "share" ? { color } : {}) },
  };
}

/** The line that should not be crossed, with its name. */
function limitOf({ limit }: Drawing, y: object) {
  if (!limit) return [];
  const data = { values: [limit] };
  const along = { ...y, axis: null };
  return [
    {
      data,
      mark: { type: "rule", strokeDash: [2, 3], color: "var(--muted)" },
      encoding: { y: along },
    },
    {
      data,
      mark: { type: "text", align: "left", dx: 4, dy: -6, x: 0, fontSize: 11, color: "var(--muted)" },
      encoding: { y: along, text: { field: "name" } },
    },
  ];
}

/** What happened: a rule through the chart, and its number in a circle above. */
function markerLayers(values: object[], x: object) {
  const data = { values };
  const tone = {
    field: "tone",
    type: "nominal",
    legend: null,
    scale: { domain: ["bad", "plain"], range: ["var(--bad)", "var(--ink)"] },
  } as const;
  const y = { field: "y", type: "quantitative", scale: null, axis: null } as const;
  return [
    {
      data,
      mark: { type: "rule", strokeWidth: 1, strokeDash: [3, 2], opacity: 0.75 },
      encoding: { x, color: tone },
    },
    { data, mark: { type: "circle", size: 150, opacity: 1, color: "var(--card)" }, encoding: { x, y } },
    {
      data,
      mark: { type: "text", fontSize: 11, fontWeight: 700 },
      encoding: { x, y, text: { field: "text" }, color: tone },
    },
  ];
}

const style = {
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
};

/** Times on the x axis, as short as the story allows. */
function timeAxis(length: number, width: number) {
  const minute = 60_000;
  const format = length < 12 * minute ? "%H:%M:%S" : length < 48 * 60 * minute ? "%H:%M" : "%-d %b";
  return { title: null, grid: false, format, tickCount: width > 500 ? 8 : 3, labelOverlap: true } as const;
}
