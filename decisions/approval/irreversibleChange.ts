import { createHash } from "node:crypto";
import { z } from "zod";
import { shown, windowAt, type ChangeCalendar } from "./changeWindow";
import { vaultLock } from "./vaultLock";
import { judgeEvidence, type Author, type Found } from "./evidence";
import { drillCounts, drillDays, isFresh } from "../recovery/freshness";
import { describeIssues } from "../text/issues";

/**
 * Whether a change that cannot be undone may run now. One function, asked by the command, by the program and by the
 * policy, each time at the moment of running: what was true when it was asked for may not be true any more.
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

/** An irreversible change and what is known about it. What could not be read is undefined, and then it does not run. */
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

export type MayRun = { ok: true } | { ok: false; reasons: { reasonCode: ReasonCode; text: string }[] };

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
  createHash("sha256")
    .update(JSON.stringify([calendar, requireSigned]))
    .digest("hex");

type Condition = (change: IrreversibleChange, now: Date, rules: ChangeRules) => [ReasonCode, string][];

const hour = 3_600_000;

/** What the approval says, where its details can be read. */
function detailsOf({ approval }: IrreversibleChange): ApprovalDetails | undefined {
  const read = approval.ok ? approvalDetails.safeParse(approval.evidence.details) : undefined;
  return read?.success ? read.data : undefined;
}

const approved: Condition = (change, now, rules) => {
  const { subject, sha256, author, approval, minutes } = change;
  const { zone } = rules.calendar;
  const again = `Let somebody else than its author run \`make approve CHANGE=${subject}\`, commit and sign what it writes.`;
  if (!approval.ok) return approval.reasons.map((reason) => ["approval-missing", `${reason}. ${again}`]);
  const { requireSigned } = rules;
  const judged = judgeEvidence({
    found: approval,
    content: sha256,
    author,
    requireSigned,
  });
  const found: [ReasonCode, string][] = judged.ok
    ? []
    : judged.reasons.map((reason) => ["approval-void", `${reason}. ${again}`]);
  const read = approvalDetails.safeParse(approval.evidence.details);
  if (!read.success)
    return [
      ...found,
      ...describeIssues(read.error, approval.evidence.details).map((issue): [ReasonCode, string] => [
        "approval-void",
        `evidence/approval/${subject}.json: \`details.${issue.path}\` ${issue.message}. ${again}`,
      ]),
    ];
  const { data } = read;
  if (data.rules !== rulesHash(rules))
    found.push([
      "approval-rules",
      `\`changeWindow\` or \`evidence.requireSigned\` is not what it was when this was approved. Put it back, or have it approved anew. ${again}`,
    ]);
  if (Date.parse(data.expires) <= now.getTime())
    found.push([
      "approval-expired",
      `the approval expired at ${shown(new Date(data.expires), zone)}. ${again}`,
    ]);
  const [from, to] = [new Date(data.window.from), new Date(data.window.to)];
  if (now < from || now >= to)
    found.push([
      "outside-approved-window",
      `the approved window is ${shown(from, zone)} to ${shown(to, zone)}, now it is ${shown(now, zone)}. Run it inside the window, or have another one approved.`,
    ]);
  else if (to.getTime() - now.getTime() < minutes * 60_000)
    found.push([
      "window-too-short",
      `the change may take ${minutes} minutes and the approved window closes at ${shown(to, zone)}. Have another window approved.`,
    ]);
  if (data.minutes < minutes)
    found.push([
      "window-too-short",
      `${data.minutes} minutes were announced and approved, now it may take ${minutes}. ${again}`,
    ]);
  return found;
};

const outOfHours: Condition = ({ minutes }, now, { calendar }) => {
  const state = windowAt(now, calendar);
  if (!state.open) {
    const opens = state.opens ? `The next window opens at ${shown(state.opens, calendar.zone)}.` : "";
    return [["outside-hours", `${state.why}, and it is ${shown(now, calendar.zone)}. ${opens}`.trim()]];
  }
  if (!state.closes || state.closes.getTime() - now.getTime() >= minutes * 60_000) return [];
  return [
    [
      "window-too-short",
      `the change may take ${minutes} minutes, but the school's hours begin at ${shown(state.closes, calendar.zone)}. Run it in the next window.`,
    ],
  ];
};

const guardiansNotified: Condition = (change, now, { calendar }) => {
  const { subject, sha256, guardians, notice } = change;
  if (!guardians) return [];
  const window = detailsOf(change)?.window;
  const next = `Run \`make notify-guardians CHANGE=${subject}\`.`;
  if (!notice?.sentAt)
    return [["notice-missing", `it affects guardians, and no notice to them was sent. ${next}`]];
  const found: [ReasonCode, string][] = [];
  const isOther =
    notice.sha256 !== sha256 ||
    (window !== undefined && (window.from !== notice.from || window.to !== notice.to));
  if (isOther)
    found.push([
      "notice-content",
      `the notice that guardians got announced another change or another time (${shown(new Date(notice.from), calendar.zone)}). ${next}`,
    ]);
  const hours = (now.getTime() - Date.parse(notice.sentAt)) / hour;
  if (!(hours >= calendar.noticeHours))
    found.push([
      "notice-late",
      `guardians were told ${Math.max(hours, 0).toFixed(1)} hours ago; required are ${calendar.noticeHours}. Wait until then, or have a later window approved.`,
    ]);
  return found;
};

const recoverable: Condition = ({ recoveryPoint }, now, { calendar }) =>
  isFresh(recoveryPoint, now, recoveryPointMinutes * 60_000)
    ? []
    : [
        [
          "recovery-point",
          `the newest recovery point is ${recoveryPoint ? `of ${shown(new Date(recoveryPoint), calendar.zone)}` : "not known"}; it must be younger than ${recoveryPointMinutes} minutes. \`make migrate\` takes one.`,
        ],
      ];

const drilled: Condition = ({ drill }, now, { calendar }) => {
  if (drill?.ok && drillCounts(drill.at, now)) return [];
  const found = !drill
    ? "no drill of point-in-time recovery is recorded"
    : `the newest drill, of ${shown(new Date(drill.at), calendar.zone)}, ${drill.ok ? `is older than ${drillDays} days` : "failed"}`;
  return [["drill", `${found}. Run \`make drill\`.`]];
};

/** Says whether `change` may run at `now`, or everything that speaks against it. */
export function mayRunIrreversible(change: IrreversibleChange, now: Date, rules: ChangeRules): MayRun {
  const reasons = [approved, outOfHours, guardiansNotified, recoverable, drilled].flatMap((condition) =>
    condition(change, now, rules).map(([reasonCode, text]) => ({ reasonCode, text })),
  );
  return reasons.length === 0 ? { ok: true } : { ok: false, reasons };
}

/** Why an update that does something irreversible may not run. */
export interface IrreversibleRefusal {
  /** What is refused; `protection`: giving up what guards the other two. */
  kind: "revision" | "vault-lock" | "protection";
  /** For people, with what to do. */
  text: string;
}

/** Lists every refusal of every change; a text names the change and the {@link ReasonCode}. */
export function refusalsOf(
  changes: readonly IrreversibleChange[],
  now: Date,
  rules: ChangeRules,
): IrreversibleRefusal[] {
  return changes.flatMap((change) => {
    const may = mayRunIrreversible(change, now, rules);
    if (may.ok) return [];
    const { subject } = change;
    return may.reasons.map(({ reasonCode, text }) => ({
      kind: subject === vaultLock ? "vault-lock" : "revision",
      text: `${subject} cannot be undone, and may not run now (${reasonCode}): ${text}`,
    }));
  });
}
