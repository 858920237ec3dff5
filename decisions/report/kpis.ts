import { percent } from "../text/percent";
import { slots } from "../stack/names";
import { burnOf, totalOf, usualLatency } from "./trafficSeries";
import { isUnknown, type ReportInput } from "./reportInput";

/** A figure that is read at a glance. */
export interface Kpi {
  label: string;
  value: string;
  note?: string;
}

/** The figures at the top of a report; what is not known says so. */
export function kpisOf({ range, series, service, slo }: ReportInput): Kpi[] {
  const { updateRange, from, to, subject } = range;
  const first = updateRange.updates[0]?.from ?? from;
  const last = updateRange.updates.at(-1)?.to ?? to;
  const kpis: Kpi[] = [
    {
      label: "Duration",
      value: duration(last - first),
      note: `${updateRange.updates.length} ${updateRange.updates.length === 1 ? "update" : "updates"}`,
    },
  ];
  if ("entries" in subject) {
    const at = (state: string) => subject.entries.find((entry) => entry.state === state)?.at;
    const opened = at("opened");
    for (const state of ["mitigated", "resolved"]) {
      const reached = at(state);
      kpis.push({
        label: `Time to ${state === "mitigated" ? "mitigate" : "resolve"}`,
        value: opened && reached ? duration(Date.parse(reached) - Date.parse(opened)) : "not yet",
      });
    }
  }
  if (isUnknown(series)) return [...kpis, { label: "Requests", value: "unknown" }];
  const { requests, errors } = totalOf(series);
  kpis.push(
    {
      label: "Failed requests",
      value: count(errors),
      note: `of ${count(requests)}, ${percent(requests > 0 ? errors / requests : 0)}`,
    },
    ...slots.flatMap((slot) => {
      const latency = usualLatency(series, slot);
      const { requests: had } = totalOf(series, slot);
      return latency === undefined || had === 0
        ? []
        : [
            {
              label: `95 % answered, ${slot}`,
              value: `${Math.round(latency)} ms`,
              note: `of ${count(had)} requests; objective ${slo.latencyMs} ms`,
            },
          ];
    }),
  );
  const budget = isUnknown(service) ? undefined : service.budget;
  const burn = burnOf(series, slo, budget);
  const spent = burn.at(-1)?.spent;
  kpis.push({
    label: "Error budget spent",
    value: spent === undefined ? "unknown" : percent(spent),
    note: `of ${slo.windowDays} days at ${slo.objective} %; at most ${Math.max(0, ...burn.map((step) => step.burn)).toFixed(1)} times as fast as allowed`,
  });
  return kpis;
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
