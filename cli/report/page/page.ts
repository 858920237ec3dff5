import { DateTime } from "luxon";
import type { DiffLine } from "../../../decisions/stack/configDiff";
import { slots } from "../../../decisions/stack/names";
import type { TrafficStep } from "../../../decisions/report/trafficSeries";
import type { ReleaseReport } from "../../../decisions/report/releaseReport";
import type { Chart } from "./charts";
import { html, Markup } from "./markup";
import { style } from "./style";

/** Where a page comes from. */
export interface Origin {
  /** When it was written. */
  at: Date;
  /** The command that writes it again. */
  command: string;
}

/** The whole page: one file that asks for nothing else and needs no script. */
export function pageOf(report: ReleaseReport, charts: readonly Chart[], origin: Origin): string {
  const { heading, stack, verdict, zone, from, to, unknown } = report;
  const moment = momentIn(report);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <link rel="icon" href="data:," />
        <title>${heading} on ${stack}</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <h1>${heading}</h1>
            <p class="where">
              ${stack} · ${day(from, zone)}, ${clock(from, zone)} to ${moment(to)} ${zone} (${utc(from)} to
              ${utc(to)} UTC)
            </p>
            <div class="verdict ${verdict.tone}">
              <strong>${verdict.word}</strong>
              <p>${verdict.sentence}</p>
            </div>
          </header>
          ${kpis(report)}
          ${
            unknown.length > 0 &&
            html`<section aria-labelledby="unknown">
              <h2 id="unknown">Not known</h2>
              ${unknown.map((why) => html`<p class="open">${why}</p>`)}
            </section>`
          }
          <section aria-labelledby="course">
            <h2 id="course">What happened to the traffic</h2>
            ${legend(report)} ${charts.map(figure)}
            ${"unknown" in report.series ? undefined : figures(report.series.steps, moment)}
          </section>
          <section aria-labelledby="timeline">
            <h2 id="timeline">Timeline</h2>
            ${timeline(report, moment)}
          </section>
          <section aria-labelledby="changes">
            <h2 id="changes">What config says otherwise than before</h2>
            ${report.changes.map(change)}${report.changes.length === 0 && html`<p class="note">Nothing came before it that it could be compared with.</p>`}
          </section>
          <section aria-labelledby="evidence">
            <h2 id="evidence">Evidence</h2>
            ${evidence(report)}
          </section>
          <footer>
            Written ${day(origin.at.getTime(), zone)}, ${clock(origin.at.getTime(), zone)} ${zone} by
            <code>${origin.command}</code>, from stack history, the stack's parameters, its metrics and its
            records. A secret's value is in none of them; its place reads [secret].
          </footer>
        </main>
      </body>
    </html> `;
  return page.text;
}

const at = (time: number, zone: string) => DateTime.fromMillis(time, { zone }).setLocale("en-GB");
const clock = (time: number, zone: string): string => at(time, zone).toFormat("HH:mm:ss");
const day = (time: number, zone: string): string => at(time, zone).toFormat("ccc d LLL yyyy");
/** A time of a story, for people. */
type Moment = (time: number) => string;

/** Tells times of a story: with its day where the story goes past midnight. */
const momentIn =
  ({ from, to, zone }: ReleaseReport): Moment =>
  (time) =>
    at(time, zone).toFormat(day(from, zone) === day(to, zone) ? "HH:mm:ss" : "d LLL HH:mm:ss");
const utc = (time: number): string => clock(time, "utc");

const kpis = ({ kpis: all }: ReleaseReport): Markup =>
  html`<dl class="tiles">
    ${all.map(
      ({ label, value, note }) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${value}</dd>
          ${note !== undefined && html`<dd>${note}</dd>`}
        </div>`,
    )}
  </dl>`;

const legend = ({ slotNames }: ReleaseReport): Markup =>
  html`<ul class="legend">
    ${slots.map((slot) => html`<li><i class="${slot}"></i>${slotNames[slot]}</li>`)}
    <li class="note">Numbers are those of the timeline</li>
  </ul>`;

const figure = ({ title, says, wide, narrow }: Chart): Markup =>
  html`<figure>
    <figcaption><h3>${title}</h3></figcaption>
    <div class="wide" role="img" aria-label="${says}">${new Markup(wide)}</div>
    <div class="narrow" role="img" aria-label="${says}">${new Markup(narrow)}</div>
  </figure>`;

/** Rows of the table beside the charts at most. */
const mostRows = 40;

/** What the charts show, as a table. */
function figures(steps: readonly TrafficStep[], moment: Moment): Markup {
  const times = [...new Set(steps.map((step) => step.at))].sort((one, two) => one - two);
  const size = Math.max(1, Math.ceil(times.length / mostRows));
  const rows = Array.from({ length: Math.ceil(times.length / size) }, (_, index) =>
    times.slice(index * size, (index + 1) * size),
  );
  const cell = (row: number[], slot: (typeof slots)[number]) => {
    const own = steps.filter((step) => step.slot === slot && row.includes(step.at));
    const sum = (kind: "requests" | "errors") => Math.round(own.reduce((all, step) => all + step[kind], 0));
    const slowest = Math.max(...own.map(({ p95Ms }) => p95Ms ?? -1));
    return html`<td>${sum("requests")}</td>
      <td>${sum("errors")}</td>
      <td>${slowest >= 0 ? Math.round(slowest) : "–"}</td>`;
  };
  return html`<details>
    <summary>The figures as a table</summary>
    <div class="scroll" role="region" aria-label="Figures by time" tabindex="0">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">until</th>
            ${slots.map(
              (slot) =>
                html`<th scope="col">${slot}: requests</th>
                  <th scope="col">failed</th>
                  <th scope="col">95 %, ms</th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                <th scope="row">${moment(row.at(-1) ?? 0)}</th>
                ${slots.map((slot) => cell(row, slot))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

function timeline({ timeline: lines }: ReleaseReport, moment: Moment): Markup {
  if (lines.length === 0) return html`<p class="note">Nothing is known of it.</p>`;
  return html`<ol class="timeline">
    ${lines.map(({ at: time, mark, what, who, why, seconds, ok, source }) => {
      const more = [
        who === undefined ? "" : `by ${who}`,
        seconds === undefined ? "" : `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`,
        source,
      ]
        .filter((part) => part !== "")
        .join(" · ");
      return html`<li>
        <time datetime="${new Date(time).toISOString()}">${moment(time)}</time
        ><span>${mark !== undefined && html`<b class="${ok === false ? "bad" : ""}">${mark}</b>`}</span>
        <p>${ok === false && html`<span class="bad">Failed: </span>`}${what}</p>
        ${why !== undefined && html`<p class="note">${why}</p>`}
        <p class="note">${more}</p>
      </li>`;
    })}
  </ol>`;
}

/** A value for people: a digest by its first digits, anything else as it is written. */
const value = (held: unknown): string =>
  (typeof held === "string" ? held : JSON.stringify(held)).replaceAll(
    /(sha256:[0-9a-f]{12})[0-9a-f]{52}/g,
    "$1…",
  );

function change({ title, lines }: { title: string; lines: DiffLine[] }): Markup {
  if (lines.length === 0)
    return html`<h3>${title}</h3>
      <p class="note">Nothing differs.</p>`;
  return html`<table class="pairs">
    <caption>
      ${title}
    </caption>
    <thead>
      <tr>
        <th scope="col">key</th>
        <th scope="col">before</th>
        <th scope="col">after</th>
      </tr>
    </thead>
    <tbody>
      ${lines.map(
        (line) =>
          html`<tr>
            <th scope="row"><code>${line.path}</code></th>
            ${line.kind === "added" ? html`<td></td>` : html`<td data-label="before"><del>${value(line.before)}</del></td>`}
            ${line.kind === "removed" ? html`<td></td>` : html`<td data-label="after"><ins>${value(line.after)}</ins></td>`}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function evidence({ evidence: { lines }, zone }: ReleaseReport): Markup {
  if (lines.length === 0) return html`<p class="note">None is known.</p>`;
  return html`<table class="pairs evidence">
    <thead>
      <tr>
        <th scope="col">what</th>
        <th scope="col">says</th>
        <th scope="col">by</th>
        <th scope="col">when</th>
      </tr>
    </thead>
    <tbody>
      ${lines.map(
        ({ what, says, ok, by, at: when }) =>
          html`<tr>
            <th scope="row">${what}</th>
            <td class="${ok ? "good" : "bad"}">${says}</td>
            ${by === undefined ? html`<td></td>` : html`<td data-label="by">${by}</td>`}
            ${
              when === undefined
                ? html`<td></td>`
                : html`<td data-label="when">
                    ${day(Date.parse(when), zone)} ${clock(Date.parse(when), zone)}
                  </td>`
            }
          </tr>`,
      )}
    </tbody>
  </table>`;
}
