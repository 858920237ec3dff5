import { hash } from "node:crypto";
import { z } from "zod";
import { shown, windowAt, type ChangeCalendar } from "./changeWindow";
import { vaultLock } from "./vaultLock";
import { judgeEvidence, type Author, type Found } from "./evidence";
import { drillCounts, drillDays, isFresh } from "../recovery/freshness";
import { issueLines } from "../text/issues";

/**
 * Whether a change that cannot be undone may run now. The command, the program and the policy ask one function, each at the
 * moment of running: what was true when somebody asked for the change may not be true any more.
 */

const instant = z.iso.datetime();

/** What an approval's evidence says in `details`. Times are UTC. */
export const approvalDetails = z.strictObject({
  /** Why the change is made, and why it may be irreversible. */
  reason: z.string().min(1),
  /** The window that was approved; `to` is the first instant after it. */
  window: z.strictObject({ from: instant, to: instant }),
  /** From then on the approval does not count. */
  expires: instant,
  /** Minutes that the change is announced to take at most. */
  minutes: z.int().min(0),
  /** Hash of the rules under which it was approved: {@link rulesHash}. */
  rules: z.string(),
});
export type ApprovalDetails = z.infer<typeof approvalDetails>;

/** A notice to guardians as it was recorded, after it was sent. */
export const noticeSchema = z.object({
  subject: z.string(),
  /** Hash of the change that it told of. */
  sha256: z.string(),
  /** When the last channel had taken it; absent while one has not. */
  sentAt: instant.optional(),
  /** Start of the window that it announced. */
  from: instant,
  /** End of the window that it announced. */
  to: instant,
});
export type Notice = z.infer<typeof noticeSchema>;

/** An irreversible change and what is known about it. It does not run where something could not be read: undefined. */
export interface IrreversibleChange {
  /** Revision, or `vault-lock`. */
  subject: string;
  /** Hash of what would run: the revision's file, or the config that is the change. */
  sha256: string;
  /** Who wrote it last; undefined: not known. */
  author?: Author | undefined;
  /** Whether its impact names guardians. */
  guardians: boolean;
  /** Minutes that it may take; it is ended after them. */
  minutes: number;
  /** The evidence `evidence/approval/<subject>.json` with its giver. */
  approval: Found;
  notice?: Notice | undefined;
  /** Completion of the newest recovery point of the database, UTC. */
  recoveryPoint?: string | undefined;
  /** The newest drill of point-in-time recovery. */
  drill?: { at: string; ok: boolean } | undefined;
}

/** What an irreversible change is refused for. */
export type ReasonCode =
  /** There is none, or it cannot be read, or it is not committed. */
  | "approval-missing"
  /** It is about other content, the author's own, of an unknown author, or not signed as required. */
  | "approval-void"
  | "approval-rules"
  | "approval-expired"
  | "outside-approved-window"
  | "outside-hours"
  | "window-too-short"
  | "notice-missing"
  | "notice-content"
  | "notice-late"
  | "recovery-point"
  | "drill";

/** One reason against a change, with what to do. */
export interface Reason {
  reasonCode: ReasonCode;
  text: string;
}

/** Minutes that a recovery point may be old. */
export const recoveryPointMinutes = 60;

/** What an irreversible change is judged by. */
export interface ChangeRules {
  calendar: ChangeCalendar;
  /** Whether the commit that gives an approval must be signed by its author. */
  requireSigned: boolean;
}

/** Hash by which an approval is bound to the rules that its giver saw. */
export const rulesHash = ({ calendar, requireSigned }: ChangeRules): string =>
  hash("sha256", JSON.stringify([calendar, requireSigned]));

type Condition = (change: IrreversibleChange, now: Date, rules: ChangeRules) => [ReasonCode, string][];

const approved: Condition = (change, now, rules) => {
  const { subject, sha256, author, approval, minutes } = change;
  const { calendar, requireSigned } = rules;
  const local = (at: Date) => shown(at, calendar.zone);
  const again = `Let somebody else than its author run \`make approve CHANGE=${subject}\`, commit and sign what it writes.`;
  if (!approval.ok) return approval.reasons.map((reason) => ["approval-missing", `${reason}. ${again}`]);
  const judged = judgeEvidence({ found: approval, content: sha256, author, requireSigned });
  const { details } = approval.evidence;
  const read = approvalDetails.safeParse(details);
  const faults = [
    ...(judged.ok ? [] : judged.reasons),
    ...(read.success ? [] : issueLines(`evidence/approval/${subject}.json`, read.error, details, "details.")),
  ];
  const found: [ReasonCode, string][] = faults.map((fault) => ["approval-void", `${fault}. ${again}`]);
  if (!read.success) return found;
  const { window, expires, minutes: announced, rules: approvedRules } = read.data;
  const otherRules = `\`changeWindow\` or \`evidence.requireSigned\` is not what it was when this was approved. Put it back, or have it approved anew. ${again}`;
  if (approvedRules !== rulesHash(rules)) found.push(["approval-rules", otherRules]);
  const expired = `the approval expired at ${local(new Date(expires))}. ${again}`;
  if (Date.parse(expires) <= now.getTime()) found.push(["approval-expired", expired]);
  const [from, to] = [new Date(window.from), new Date(window.to)];
  const outside = `the approved window is ${local(from)} to ${local(to)}, now it is ${local(now)}. Run it inside the window, or have another one approved.`;
  const closesTooSoon = `the change may take ${minutes} minutes and the approved window closes at ${local(to)}. Have another window approved.`;
  if (now < from || now >= to) found.push(["outside-approved-window", outside]);
  else if (isShorter(now, to, minutes)) found.push(["window-too-short", closesTooSoon]);
  const longer = `${announced} minutes were announced and approved, now it may take ${minutes}. ${again}`;
  if (announced < minutes) found.push(["window-too-short", longer]);
  return found;
};

const isShorter = (from: Date, to: Date, minutes: number): boolean =>
  to.getTime() - from.getTime() < minutes * 60_000;

const outOfHours: Condition = ({ minutes }, now, { calendar }) => {
  const state = windowAt(now, calendar);
  const local = (at: Date) => shown(at, calendar.zone);
  if (!state.open) {
    const opens = state.opens ? `The next window opens at ${local(state.opens)}.` : "";
    return [["outside-hours", `${state.why}, and it is ${local(now)}. ${opens}`.trim()]];
  }
  if (!state.closes || !isShorter(now, state.closes, minutes)) return [];
  const text = `the change may take ${minutes} minutes, but the school's hours begin at ${local(state.closes)}. Run it in the next window.`;
  return [["window-too-short", text]];
};

const guardiansNotified: Condition = (change, now, { calendar }) => {
  const { subject, sha256, guardians, notice, approval } = change;
  if (!guardians) return [];
  const next = `Run \`make notify-guardians CHANGE=${subject}\`.`;
  if (!notice?.sentAt)
    return [["notice-missing", `it affects guardians, and no notice to them was sent. ${next}`]];
  const found: [ReasonCode, string][] = [];
  const window = approval.ok ? approvalDetails.safeParse(approval.evidence.details).data?.window : undefined;
  const isOtherTime = window !== undefined && (window.from !== notice.from || window.to !== notice.to);
  const announced = `the notice that guardians got announced another change or another time (${shown(new Date(notice.from), calendar.zone)}). ${next}`;
  if (notice.sha256 !== sha256 || isOtherTime) found.push(["notice-content", announced]);
  const hours = (now.getTime() - Date.parse(notice.sentAt)) / 3_600_000;
  const late = `guardians were told ${Math.max(hours, 0).toFixed(1)} hours ago; required are ${calendar.noticeHours}. Wait until then, or have a later window approved.`;
  if (!(hours >= calendar.noticeHours)) found.push(["notice-late", late]);
  return found;
};

const recoverable: Condition = ({ recoveryPoint }, now, { calendar }) => {
  if (isFresh(recoveryPoint, now, recoveryPointMinutes * 60_000)) return [];
  const newest = recoveryPoint ? `of ${shown(new Date(recoveryPoint), calendar.zone)}` : "not known";
  const text = `the newest recovery point is ${newest}; it must be younger than ${recoveryPointMinutes} minutes. \`make migrate\` takes one.`;
  return [["recovery-point", text]];
};

const drilled: Condition = ({ drill }, now, { calendar }) => {
  if (drill?.ok && drillCounts(drill.at, now)) return [];
  const found = !drill
    ? "no drill of point-in-time recovery is recorded"
    : `the newest drill, of ${shown(new Date(drill.at), calendar.zone)}, ${drill.ok ? `is older than ${drillDays} days` : "failed"}`;
  return [["drill", `${found}. Run \`make drill\`.`]];
};

/** Everything that speaks against running `change` at `now`; empty when it may run. */
export const reasonsAgainst = (change: IrreversibleChange, now: Date, rules: ChangeRules): Reason[] =>
  [approved, outOfHours, guardiansNotified, recoverable, drilled].flatMap((condition) =>
    condition(change, now, rules).map(([reasonCode, text]) => ({ reasonCode, text })),
  );

/** Why an update that does something irreversible may not run. */
export interface IrreversibleRefusal {
  /** What is refused; `protection`: giving up what guards the other two. */
  kind: "revision" | "vault-lock" | "protection";
  /** For people, with what to do. */
  text: string;
}

/** Lists every refusal of every change; a text names the change and the {@link ReasonCode}. */
export const refusalsOf = (
  changes: readonly IrreversibleChange[],
  now: Date,
  rules: ChangeRules,
): IrreversibleRefusal[] =>
  changes.flatMap((change) =>
    reasonsAgainst(change, now, rules).map(({ reasonCode, text }) => ({
      kind: change.subject === vaultLock ? "vault-lock" : "revision",
      text: `${change.subject} cannot be undone, and may not run now (${reasonCode}): ${text}`,
    })),
  );
