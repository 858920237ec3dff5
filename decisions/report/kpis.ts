import { percent } from "../text/percent";
import { slots } from "../stack/names";
import { burnOf, totalOf, usualLatency } from "./trafficSeries";
import { isUnknown, type ReportInput, type Subject } from "./reportInput";

/** A figure that is read at a glance. */
export interface Kpi {
  label: string;
  value: string;
  note?: string;
}

/** The figures at the top of a report; what is not known says so. */
export function kpisOf({ range, series, service, slo }: ReportInput): Kpi[] {
  const { updates } = range.updateRange;
  const length = (updates.at(-1)?.to ?? range.to) - (updates[0]?.from ?? range.from);
  const ofUpdates = `${updates.length} ${updates.length === 1 ? "update" : "updates"}`;
  const times = [{ label: "Duration", value: duration(length), note: ofUpdates }, ...timesTo(range.subject)];
  if (isUnknown(series)) return [...times, { label: "Requests", value: "unknown" }];
  const { requests, errors } = totalOf(series);
  const failed = `of ${count(requests)}, ${percent(requests > 0 ? errors / requests : 0)}`;
  const latencies = slots.flatMap((slot) => {
    const latency = usualLatency(series, slot);
    const { requests: had } = totalOf(series, slot);
    if (latency === undefined || had === 0) return [];
    const note = `of ${count(had)} requests; objective ${slo.latencyMs} ms`;
    return [{ label: `95 % answered, ${slot}`, value: `${Math.round(latency)} ms`, note }];
  });
  const burn = burnOf(series, slo, isUnknown(service) ? undefined : service.budget);
  const spent = burn.at(-1)?.spent;
  const fastest = Math.max(0, ...burn.map((step) => step.burn)).toFixed(1);
  return [
    ...times,
    { label: "Failed requests", value: count(errors), note: failed },
    ...latencies,
    {
      label: "Error budget spent",
      value: spent === undefined ? "unknown" : percent(spent),
      note: `of ${slo.windowDays} days at ${slo.objective} %; at most ${fastest} times as fast as allowed`,
    },
  ];
}

/** How long an incident took to each of its ends; nothing for a release. */
function timesTo(subject: Subject): Kpi[] {
  if (!("entries" in subject)) return [];
  const at = (state: string) => subject.entries.find((entry) => entry.state === state)?.at;
  const opened = at("opened");
  return (["mitigate", "resolve"] as const).map((end) => {
    const reached = at(`${end}d`);
    const value = opened && reached ? duration(Date.parse(reached) - Date.parse(opened)) : "not yet";
    return { label: `Time to ${end}`, value };
  });
}

/** A number with its thousands apart. */
const count = (value: number): string => value.toLocaleString("en-GB");

/** Milliseconds for people. */
function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
