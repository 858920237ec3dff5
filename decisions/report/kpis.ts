import { slots } from "../stack/names";
import { burnOf, totalOf, usualLatency } from "./trafficSeries";
import { isUnknown, type ReportInput } from "./reportInput";

/** A figure that is read at a glance. */
export interface Kpi {
  label: string;
  value: string;
  note?: string;
}

const percent = (part: number, digits = 2): string => `${(100 * part).toFixed(digits)} %`;

/** The figures of a story's first screen; what is not known says so. */
export function kpisOf({ frame, course, service, slo }: ReportInput): Kpi[] {
  const { chapter, from, to, subject } = frame;
  const first = chapter.updates[0]?.from ?? from;
  const last = chapter.updates.at(-1)?.to ?? to;
  const tiles: Kpi[] = [
    {
      label: "Duration",
      value: duration(last - first),
      note: `${chapter.updates.length} ${chapter.updates.length === 1 ? "update" : "updates"}`,
    },
  ];
  if ("entries" in subject) {
    const at = (state: string) => subject.entries.find((entry) => entry.state === state)?.at;
    const opened = at("opened");
    for (const state of ["mitigated", "resolved"]) {
      const reached = at(state);
      tiles.push({
        label: `Time to ${state === "mitigated" ? "mitigate" : "resolve"}`,
        value: opened && reached ? duration(Date.parse(reached) - Date.parse(opened)) : "not yet",
      });
    }
  }
  if (isUnknown(course)) return [...tiles, { label: "Requests", value: "unknown" }];
  const { requests, errors } = totalOf(course);
  tiles.push(
    {
      label: "Failed requests",
      value: count(errors),
      note: `of ${count(requests)}, ${percent(requests > 0 ? errors / requests : 0)}`,
    },
    ...slots.flatMap((slot) => {
      const latency = usualLatency(course, slot);
      const { requests: had } = totalOf(course, slot);
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
  const burn = burnOf(course, slo, budget);
  const spent = burn.at(-1)?.spent;
  tiles.push({
    label: "Error budget spent",
    value: spent === undefined ? "unknown" : percent(spent),
    note: `of ${slo.windowDays} days at ${slo.objective} %; at most ${Math.max(0, ...burn.map((step) => step.burn)).toFixed(1)} times as fast as allowed`,
  });
  return tiles;
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
