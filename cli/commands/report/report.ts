import { mkdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { zoneOf } from "../../incident/incidentLog";
import type { HistoryEntry } from "../../../decisions/stack/history";
import { pendingRevisions } from "../../../decisions/database/revisionGraph";
import { other } from "../../../decisions/stack/names";
import type { Proof } from "../../../decisions/report/evidenceInReport";
import { timeRangeOf, buildReport, type ReleaseReport } from "../../../decisions/report/releaseReport";
import type { TimeRange, Subject, Unknown } from "../../../decisions/report/reportInput";
import { updatesOf, type ReportUpdate } from "../../../decisions/report/updates";
import { readRevisions } from "../../../repository/database/revisions";
import { readPublished, type Context } from "../../shell/context";
import { readPromotionSource } from "../../stack/promotionSource";
import { exitCodes, Failure, messageOf } from "../../shell/failure";
import { entriesOf } from "../../incident/incidentLookup";
import { makeLine } from "../../shell/options";
import { withinTime } from "../../shell/wait";
import { drawCharts } from "../../report/page/charts";
import { pageOf } from "../../report/page/page";
import { replaceFile } from "../../ports/stackFile";
import { redactText } from "../../shell/redact";
import { withRecords } from "../../audit/recordCommand";

/** Seconds that a source may take; after that the report says that it is unknown. */
const patience = 15;

/** Writes the report of a release or an incident as one HTML file. Changes nothing on the stack. */
export async function run(ctx: Context): Promise<void> {
  const { options, output, settings, stack } = ctx;
  const now = ctx.clock.now();
  const history = await ctx.engine.history();
  const subject = await subjectOf(ctx, history);
  const range = timeRangeOf(subject, history, now.getTime(), settings.gate.bakeMinutes * 60_000);
  if (!range) throw unknownSubject(ctx, subject, history);
  const { from, to } = range;
  const [series, service, published, events, staging] = await Promise.all([
    valueOrUnknown("The metrics of that time", () => ctx.metrics.series(from, to, ctx.signal)),
    valueOrUnknown("What the error budget's window had", async () => {
      const live = range.updateRange.updates.findLast(({ release }) => release)?.release?.live ?? "blue";
      const windows = await ctx.metrics.service(other(live), ctx.signal);
      if (windows === "unknown") throw new Error("the source of metrics does not say");
      return windows;
    }),
    valueOrUnknown("The stack's parameters", () => readPublished(ctx)),
    valueOrUnknown("The audit trail and the incident log", () => eventsBetween(ctx, from, to)),
    readPromotionSource(ctx).catch(() => undefined),
  ]);
  const report = buildReport({
    stack,
    zone: zoneOf(ctx),
    range,
    slo: settings.slo,
    series,
    service,
    published,
    events,
    proofs: proofsOf(ctx, range),
    ...(staging?.stagingValidated !== undefined && { stagingValidated: staging.stagingValidated }),
  });
  const file = resolve(ctx.root, options.out ?? defaultFile(stack, subject));
  const command = makeLine(stack, "report", asked(subject));
  const page = pageOf(report, await drawCharts(report), { at: now, command });
  mkdirSync(dirname(file), { recursive: true });
  replaceFile(file, redactText(page));
  for (const why of report.unknown) output.warn(why);
  output.set("file", file);
  output.set("bytes", Buffer.byteLength(page));
  output.set("verdict", report.verdict);
  output.set(
    "figures",
    Object.fromEntries(
      report.kpis.map(({ label, value, note }) => [label, note ? `${value} ${note}` : value]),
    ),
  );
  output.set("unknown", report.unknown);
  output.print(summary(report, relative(process.cwd(), file) || file));
}

const asked = (subject: Subject): Record<string, string> =>
  "version" in subject ? { VERSION: subject.version } : { INCIDENT: subject.incident };

const defaultFile = (stack: string, subject: Subject): string =>
  join(".deployment-safety", "reports", `${stack}-${Object.values(asked(subject)).join("")}.html`);

/** What the report is about: VERSION, INCIDENT, else the newest release in stack history. */
async function subjectOf(ctx: Context, history: readonly HistoryEntry[]): Promise<Subject> {
  const { incident, version } = ctx.options;
  if (incident !== undefined && version !== undefined)
    throw new Failure(
      exitCodes.usage,
      "INCIDENT and VERSION are both given; a report is about one of them: leave one out.",
    );
  if (incident !== undefined) {
    const entries = await entriesOf(ctx, incident);
    return { incident, title: entries.at(-1)?.title ?? incident, entries };
  }
  const newest = updatesOf(history).findLast(
    ({ note }) => note?.operation === "deploy" && note.version !== undefined,
  );
  const about = version ?? newest?.note?.version;
  if (about === undefined)
    throw new Failure(
      exitCodes.usage,
      `Nothing was released on ${ctx.stack} yet, so there is nothing to report.`,
      {
        next: makeLine(ctx.stack, "deploy", { VERSION: "<tag>" }),
      },
    );
  return { version: about };
}

function unknownSubject(ctx: Context, subject: Subject, history: readonly HistoryEntry[]): Failure {
  if (!("version" in subject))
    return new Failure(
      exitCodes.usage,
      `There is no incident \`${subject.incident}\` in the records or on this machine.`,
      { next: makeLine(ctx.stack, "status") },
    );
  const versions = new Set(updatesOf(history).flatMap(({ note }) => note?.version ?? []));
  return new Failure(
    exitCodes.usage,
    `History of ${ctx.stack} has no update about version \`${subject.version}\`. It has: ${[...versions].join(", ") || "none"}.`,
  );
}

/** The records of that time. */
async function eventsBetween(ctx: Context, from: number, to: number) {
  if (!ctx.settings.reporting) throw new Error("this stack has no `reporting`");
  return withRecords(ctx, (trail) => trail.between(ctx.stack, new Date(from), new Date(to)));
}

/** The value, or why it is unknown. */
async function valueOrUnknown<T extends object>(what: string, read: () => Promise<T>): Promise<T | Unknown> {
  try {
    return await withinTime(read(), patience * 1000);
  } catch (error) {
    return { unknown: `${what} are unknown: ${messageOf(error)}` };
  }
}

/** Proof and review of each revision that the database went through in that time. */
function proofsOf(ctx: Context, { updateRange }: TimeRange): Proof[] {
  const { graph, proved } = readRevisions(ctx.root, ctx.settings);
  const at = ({ release }: Pick<ReportUpdate, "release">) => release?.migration?.revision;
  const reached = [...new Set(updateRange.updates.flatMap((update) => at(update) ?? []))];
  const from = updateRange.before && at(updateRange.before);
  const revisions = new Set(
    reached.flatMap((needed) => {
      const pending = pendingRevisions(graph, from, needed);
      return pending.ok ? pending.revisions : [];
    }),
  );
  return [...revisions].flatMap((id): Proof[] => {
    const { proof, review } = proved(id);
    const reasons = (found: { ok: boolean; reasons?: string[] }) => found.reasons?.join("; ") ?? "";
    return [
      {
        kind: "proof",
        subject: id,
        ok: proof.ok,
        says: proof.ok
          ? `up, down and up again on a real database; ${proof.details.facts.kind}, ${proof.details.facts.reversible ? "reversible" : "not reversible"}`
          : reasons(proof),
      },
      {
        kind: "review",
        subject: id,
        ok: review.ok,
        says: review.ok ? "read by somebody else than its author" : reasons(review),
        ...(review.ok && { by: review.by }),
      },
    ];
  });
}

/** A summary of the report for the terminal. */
function summary({ heading, verdict, kpis, unknown }: ReleaseReport, file: string): string {
  const width = Math.max(...kpis.map(({ label }) => label.length));
  return [
    `${heading}: ${verdict.word}. ${verdict.sentence}`,
    ...kpis.map(
      ({ label, value, note }) =>
        `  ${label.padEnd(width)}  ${value}${note === undefined ? "" : ` (${note})`}`,
    ),
    ...(unknown.length > 0 ? [`  ${unknown.length} source(s) unknown, see above`] : []),
    `Written to ${file}`,
  ].join("\n");
}
