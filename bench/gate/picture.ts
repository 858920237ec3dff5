import type { TopLevelSpec } from "vega-lite" with { "resolution-mode": "import" };
import { cases } from "./cases";
import type { Outcome } from "./simulate";

/** Part of the runs of one case that a method had rolled back by a second. */
export interface Point {
  case: string;
  method: string;
  second: number;
  caught: number;
}

/**
 * Draws, as SVG, how soon each method catches a bad canary (rows above: one a case), and how many good ones it rolls back
 * (below). vega and vega-lite are imported here, because they take a second that other benchmarks do not need.
 */
export async function drawPicture(points: Point[], outcomes: Outcome[]): Promise<string> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const equal = new Set(cases.filter(({ isEqual }) => isEqual).map(({ name }) => name));
  const color = {
    field: "method",
    type: "nominal",
    title: "Method",
    legend: { labelLimit: 300 },
    // The gate dark, the others told apart without being the picture's subject (colour-blind safe, Okabe and Ito).
    scale: {
      domain: ["gate", "Flagger defaults", "Argo Rollouts sample", "fixed 1 % a minute"],
      range: ["#0b3c5d", "#e69f00", "#cc79a7", "#56b4e9"],
    },
  } as const;
  const spec: TopLevelSpec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    vconcat: [
      {
        title: "Bad canaries rolled back by that time (50 requests/s, 10 % of them on the canary)",
        data: { values: points },
        facet: { field: "case", type: "nominal", title: null, sort: cases.map(({ name }) => name) },
        columns: 2,
        spec: {
          width: 330,
          height: 170,
          mark: { type: "line", interpolate: "step-after", strokeWidth: 2 },
          encoding: {
            x: { field: "second", type: "quantitative", title: "seconds since the canary's first request" },
            y: { field: "caught", type: "quantitative", axis: { format: ".0%" }, title: "rolled back" },
            color,
          },
        },
      },
      {
        title:
          "Good canaries rolled back (false alarms; the three marks of a method are 20, 50 and 200 requests/s)",
        data: { values: outcomes.filter((outcome) => equal.has(outcome.case)) },
        width: 560,
        mark: { type: "point", filled: true, size: 55 },
        encoding: {
          x: { field: "rolledBack", type: "quantitative", axis: { format: ".0%" }, title: "rolled back" },
          y: {
            field: "case",
            type: "nominal",
            title: null,
            sort: cases.map(({ name }) => name),
            axis: { labelLimit: 700 },
          },
          color,
          shape: { field: "perSecond", type: "nominal", title: "Requests/s" },
        },
      },
    ],
  };
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: "none" });
  try {
    return (await view.toSVG()) + "\n";
  } finally {
    view.finalize();
  }
}
