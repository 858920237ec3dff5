import { shown } from "../approval/changeWindow";
import { configDiff, type DiffLine } from "../stack/configDiff";
import { digest } from "../release/digest";
import { configOfEntry, type HistoryEntry } from "../stack/history";
import { furthest } from "../incident/incident";
import { slots, type Slot } from "../stack/names";
import { burnOf, shares, type BurnStep, type TrafficSeries, type TrafficShare } from "./trafficSeries";
import { evidenceOf } from "./evidenceInReport";
import { isUnknown, type TimeRange, type ReportInput, type Subject, type Unknown } from "./reportInput";
import { kpisOf, type Kpi } from "./kpis";
import { incidentVerdict, isRestored, releaseVerdict, type Verdict } from "./verdict";
import { fromEvents, fromUpdates, ordered, type TimelineEntry } from "./timeline";
import { updatesBetween, updateRangeOf, configuredShares, isExposed, updatesOf, versionAt } from "./updates";
import type { UpdateRange, ReportUpdate } from "./updates";

/** Time shown before and after: a share of the whole, within bounds, milliseconds. */
const margin = (length: number): number => Math.min(1_800_000, Math.max(30_000, length * 0.12));

/** Shown of the time before an incident was noticed, milliseconds: alarms take minutes, and the cause lies before. */
const incidentLead = 600_000;

/** The time that a report shows; undefined where history and records know nothing of its subject. */
export function timeRangeOf(
  subject: Subject,
  history: readonly HistoryEntry[],
  now: number,
  /** Length of the bake, milliseconds: it follows a release's last update, and belongs to it. */
  bake = 0,
): TimeRange | undefined {
  const all = updatesOf(history);
  const around = (updateRange: UpdateRange, first: number, last: number, lead: number) => {
    // What other releases did does not belong into this report.
    const before = updateRange.before?.to ?? 0;
    const after = all.find((one) => one.from > last)?.from ?? now;
    return {
      subject,
      updateRange,
      from: Math.max(first - lead, Math.min(before, first)),
      to: Math.max(last, Math.min(now, after, last + Math.max(margin(last - first), bake))),
      all,
    };
  };
  if ("version" in subject) {
    const updateRange = updateRangeOf(all, subject.version);
    const [first, last] = [updateRange?.updates[0]?.from, updateRange?.updates.at(-1)?.to];
    if (!updateRange || first === undefined || last === undefined) return undefined;
    return around(updateRange, first, last, margin(last - first));
  }
  const times = subject.entries.map(({ at }) => Date.parse(at));
  if (times.length === 0) return undefined;
  // An open incident is shown up to now, with what came before it.
  const goesOn = !isRestored(furthest(subject.entries.map(({ state }) => state)));
  const [first, last] = [Math.min(...times), goesOn ? now : Math.max(...times)];
  const lead = Math.max(margin(last - first), incidentLead);
  return around(updatesBetween(all, first - lead, last), first, last, lead);
}

/** What a report shows. */
export interface ReleaseReport {
  heading: string;
  stack: string;
  zone: string;
  verdict: Verdict;
  from: number;
  to: number;
  kpis: Kpi[];
  /** Share of traffic, percent; `measured` says whether it was counted or is what config gave. */
  shares: { measured: boolean; points: TrafficShare[] };
  /** What each slot held in that time, for people. */
  slotNames: Record<Slot, string>;
  series: TrafficSeries | Unknown;
  burn: BurnStep[];
  objective: ReportInput["slo"];
  timeline: TimelineEntry[];
  changes: { title: string; lines: DiffLine[] }[];
  evidence: ReturnType<typeof evidenceOf>;
  /** What is not known, and why. */
  unknown: string[];
}

/** Builds a report from what was read. What could not be read is listed in `unknown`, never left out in silence. */
export function buildReport(input: ReportInput): ReleaseReport {
  const { range, series, service, published, events, slo, zone, stack } = input;
  const { updateRange, subject, all, from, to } = range;
  const digests = digestsOf(subject, updateRange);
  const known = isUnknown(published) ? undefined : published;
  const version = "version" in subject ? subject.version : undefined;
  const evidence = evidenceOf({ ...input, published: known, digests, updateRange });
  const moments = evidence.moments.filter(({ at }) => at >= from && at <= to);
  const recorded = isUnknown(events) ? [] : fromEvents(events);
  // An incident that began after a release's last command is the next release's.
  const lastCommand = Math.max(
    from,
    ...recorded.flatMap((one) => (one.source === "audit trail" ? [one.at] : [])),
  );
  const own = recorded.filter(({ source, at }) => !version || source !== "incident log" || at <= lastCommand);
  const timeline = ordered(
    [...fromUpdates(updateRange.updates), ...own, ...moments],
    ({ source, incidentState }) =>
      source === "stack history" || source === "gate" || source === "refusal" || incidentState === "opened",
  );
  const budget = isUnknown(service) ? undefined : service.budget;
  const measured = isUnknown(series) ? [] : shares(series);
  return {
    heading: version ? `Release ${version}` : "title" in subject ? `Incident: ${subject.title}` : "",
    stack,
    zone,
    verdict:
      "incident" in subject
        ? incidentVerdict(subject, { stack, zone })
        : releaseVerdict(subject.version, updateRange, known),
    from,
    to,
    kpis: kpisOf(input),
    shares: {
      measured: measured.length > 0,
      points: measured.length > 0 ? measured : configuredShares(updateRange, from, to),
    },
    slotNames: { blue: slotName("blue", all, from, to), green: slotName("green", all, from, to) },
    series,
    burn: isUnknown(series) ? [] : burnOf(series, slo, budget),
    objective: slo,
    timeline,
    changes: changesOf(updateRange, version, zone),
    evidence,
    unknown: [series, service, published, events].flatMap((part) => (isUnknown(part) ? [part.unknown] : [])),
  };
}

/** Digests of the version in question, as its updates named them. */
const digestsOf = (subject: Subject, updateRange: UpdateRange): Set<string> =>
  new Set(
    updateRange.updates.flatMap(({ release }) =>
      slots.flatMap((slot) => {
        const held = release?.slots[slot];
        return held && "version" in subject && held.version === subject.version ? [digest(held.image)] : [];
      }),
    ),
  );

/** What a slot held, in the order in which it held them. */
function slotName(slot: Slot, all: readonly ReportUpdate[], from: number, to: number): string {
  const times = [from, ...all.map((one) => one.from).filter((at) => at > from && at <= to)];
  const versions = [...new Set(times.map((at) => versionAt(all, slot, at) ?? "empty"))];
  const held = versions.length > 1 ? versions.filter((name) => name !== "empty") : versions;
  return `${slot}: ${held.join(", then ")}`;
}

/** An update for people: its number, or the time where the backend numbers none. */
const called = ({ entry, name, from }: ReportUpdate, zone: string): string =>
  entry.version ? name : shown(new Date(from), zone);

/** What config says otherwise: by the release itself, and after all that followed. Secrets are masked. */
function changesOf(
  { before, updates }: UpdateRange,
  version: string | undefined,
  zone: string,
): ReleaseReport["changes"] {
  const readable = updates.filter(({ release }) => release);
  const end = readable.at(-1);
  // The first release of a stack: all of config would be new, and nobody would read it.
  if (!before || !end) return [];
  const change = (title: string, { entry }: ReportUpdate) => ({
    title,
    lines: configDiff(configOfEntry(before.entry), configOfEntry(entry)),
  });
  const peak = version !== undefined && readable.findLast((one) => isExposed(one, version));
  return [
    ...(peak && peak !== end ? [change(`At its furthest, ${called(peak, zone)}`, peak)] : []),
    change(`At the end, ${called(end, zone)}`, end),
  ];
}
