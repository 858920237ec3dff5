import { describeRollout } from "../../../decisions/flags/flagChange";
import { describeSlotTraffic } from "../../../decisions/report/recentTraffic";
import { updatesOf } from "../../../decisions/report/updates";
import { describeLease } from "../../../decisions/stack/lease";
import { refusedBy } from "../../../decisions/stack/parameters";
import { recentMinutes } from "../../report/recentTraffic";
import { age, describeUpdate, unknown, type Line } from "../../shell/statusLine";
import type { Status } from "./readStatus";

/** Newest updates that the terminal shows: about what one release makes. */
const shownUpdates = 6;

/** Known-good releases that the terminal shows, each with the newest update that had it; the JSON has all updates. */
const shownTargets = 5;

/** The status for a terminal, a line a fact: first what serves, then what is wrong, then where one can go. */
export const statusLines = (status: Status): Line[] => [
  stackLine(status),
  ...trafficLines(status),
  { label: "validated", text: status.release?.validated ?? "nothing" },
  { label: "database", text: status.release?.migration?.revision ?? "no migration yet" },
  ...gateLines(status),
  ...safetyLines(status),
  ...incidentLines(status),
  ...undeliveredLines(status),
  ...flagLines(status),
  ...[...status.published.refused.values()].map((refusal) => ({
    label: "refused",
    text: `${refusal.digest} ${age(refusal.at)}, ${refusedBy(refusal)}`,
  })),
  ...historyLines(status),
];

function stackLine({ stack, release, file, fileAgrees }: Status): Line {
  if (!release) return { label: "stack", text: `${stack}, nothing released yet` };
  const text = `${stack}, serial ${release.serial}`;
  return fileAgrees
    ? { label: "stack", text }
    : { label: "stack", text: `${text}; the file says serial ${file.serial}: run make sync`, mood: "unsure" };
}

const gateLines = ({ gate }: Status): Line[] =>
  gate ? [{ label: gate.phase, text: `${gate.verdict} (${age(gate.at)}): ${gate.reasons.join(", ")}` }] : [];

const trafficLines = ({ slotLines, recent, route }: Status): Line[] => [
  ...slotLines.flatMap(({ slot, line }): Line[] => {
    const seen = recent.slots instanceof Error ? undefined : recent.slots[slot];
    return [line, ...(seen ? [{ label: `  ${recentMinutes} min`, text: describeSlotTraffic(seen) }] : [])];
  }),
  ...(recent.slots instanceof Error ? [unknown("figures", recent.slots)] : []),
  known("traffic", route, (rule) =>
    rule?.routing.traffic === "paused"
      ? { label: "traffic", text: "paused", mood: "bad" }
      : { label: "traffic", text: rule?.routing.traffic ?? "no listener rule yet" },
  ),
];

const safetyLines = ({ lease, published: { killSwitch }, drill, firing, recent }: Status): Line[] => [
  { label: "lease", text: lease ? `${describeLease(lease)}, ${lease.state}` : "free" },
  killSwitch
    ? { label: "kill switch", text: `ON since ${killSwitch.at}: ${killSwitch.reason}`, mood: "bad" }
    : { label: "kill switch", text: "off" },
  drill.ok
    ? { label: "drill", text: drill.detail }
    : { label: "drill", text: `DUE: ${drill.detail}`, mood: "unsure" },
  known("alarms", firing, (names) =>
    names.length > 0
      ? { label: "alarms", text: names.join(", "), mood: "bad" }
      : { label: "alarms", text: "none firing" },
  ),
  known("budget", recent.budget, (text) => ({ label: "budget", text })),
];

/** The line of a value, or why there is none. */
const known = <T>(label: string, value: T | Error, line: (value: T) => Line): Line =>
  value instanceof Error ? unknown(label, value) : line(value);

function incidentLines({ recent: { incidents } }: Status): Line[] {
  if (incidents instanceof Error) return [unknown("incidents", incidents)];
  if (incidents.length === 0) return [{ label: "incidents", text: "none open" }];
  return incidents.map(({ id, title, state, detectedAt }) => ({
    label: "incident",
    text: `${id} ${state}, ${age(detectedAt)}: ${title}`,
    mood: "bad",
  }));
}

function undeliveredLines({ waiting }: Status): Line[] {
  if (waiting instanceof Error) return [unknown("undelivered", waiting)];
  if (!waiting || waiting.here + waiting.handedOver === 0) return [];
  const text = `${waiting.here} record(s) and messages here, ${waiting.handedOver} in the stack's queue: the next command that changes something delivers them`;
  return [{ label: "undelivered", text, ...(waiting.handedOver > 0 && { mood: "unsure" as const }) }];
}

function flagLines({ flags, settings }: Status): Line[] {
  return [...flags].map(([name, { metadata }]) => {
    const flag = settings.flags[name];
    const on = flag ? `on for ${describeRollout(flag)}` : "on";
    return { label: "flag", text: `${name}: ${metadata.off ? `off, ${metadata.off}` : on}` };
  });
}

const historyLines = ({ history, targets }: Status): Line[] => [
  ...(history instanceof Error
    ? [unknown("history", history)]
    : updatesOf(history.slice(0, shownUpdates)).map((update) => describeUpdate(update))),
  ...targets
    .filter(({ digest }, index) => targets.findIndex((one) => one.digest === digest) === index)
    .slice(0, shownTargets)
    .map((target) => ({
      label: "known good",
      text: `${target.version.padEnd(12)} ${age(target.startTime)} (${target.name})`,
    })),
];
