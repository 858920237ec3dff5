import type { ReportUpdate } from "./updates";

/** One line of a report's timeline. */
export interface TimelineEntry {
  /** Milliseconds since 1970. */
  at: number;
  /** How long it took, seconds; absent for what has no length. */
  seconds?: number;
  /** Where it is known from. */
  source: "stack history" | "audit trail" | "incident log" | "gate" | "override" | "refusal";
  what: string;
  who?: string | undefined;
  why?: string | undefined;
  /** Whether it went well; absent where that is no question. */
  ok?: boolean;
  /** State that an incident reached; absent for what is no entry of an incident. */
  incidentState?: string | undefined;
  /** Number under which it is marked in the charts; absent for what is not marked. */
  mark?: number;
}

/** One event of the audit trail, as far as a report needs it. */
export interface AuditRow {
  /** ISO time. */
  at: string;
  kind: string;
  actor: string;
  /** As it was recorded. */
  body: unknown;
}

/** Updates as lines: each one when it had ended, which is when it was in force. */
export const fromUpdates = (updates: readonly ReportUpdate[]): TimelineEntry[] =>
  updates.map(({ to, from, line, result, note }) => ({
    at: to,
    seconds: (to - from) / 1000,
    source: "stack history",
    what: line,
    ok: result === "succeeded",
    who: note?.actor,
    why: note?.reason,
  }));

/** What a command's record says beyond the updates that it made, which history has already. */
interface CommandBody {
  command?: string;
  asked?: Record<string, unknown>;
  reason?: string;
  exitCode?: number;
  error?: string;
  incident?: { id?: string; title?: string; state?: string; body?: { done?: unknown } };
}

/** Commands and incidents of the audit trail as lines; its copies of stack history are left out. */
export function fromEvents(events: readonly AuditRow[]): TimelineEntry[] {
  return events.flatMap(({ at, kind, actor, body: recorded }): TimelineEntry[] => {
    const body = (recorded ?? {}) as CommandBody;
    const common = { at: Date.parse(at), who: actor };
    if (kind === "incident" && body.incident) {
      const { id = "incident", state, title = "", body: said } = body.incident;
      const what = `${id} ${state ?? ""}: ${title}`;
      const why = typeof said?.done === "string" && said.done !== "" ? said.done : undefined;
      return [{ ...common, source: "incident log", incidentState: state, what, why }];
    }
    if (kind !== "command") return [];
    const { command = "", asked = {}, reason, exitCode, error } = body;
    const words = Object.entries(asked)
      .filter(([, value]) => typeof value !== "boolean" && value !== "auto")
      .map(([name, value]) => `${name.toUpperCase()}=${String(value)}`);
    const what = ["make", command, ...words, `ended with ${exitCode ?? "no exit code known"}`].join(" ");
    const why = [reason, error?.split("\n")[0]].filter((part) => part).join("; ") || undefined;
    return [{ ...common, source: "audit trail", what, ok: exitCode === 0, why }];
  });
}

/** Sorted by time, and numbered where `isMarked` says so. */
export function ordered(
  lines: readonly TimelineEntry[],
  isMarked: (line: TimelineEntry) => boolean,
): TimelineEntry[] {
  let mark = 0;
  return lines
    .toSorted((one, two) => one.at - two.at)
    .map((line) => (isMarked(line) ? { ...line, mark: ++mark } : line));
}
