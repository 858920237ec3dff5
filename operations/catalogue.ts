import type { Context } from "./context";

/** A command's body. Throws a Failure to end with its exit code. */
export type Run = (ctx: Context) => Promise<void>;

/** Options that a command may take besides --stack, --json and --actor. */
export type OptionName =
  | "version"
  | "update"
  | "revision"
  | "digest"
  | "slot"
  | "at"
  | "to"
  | "remove"
  | "name"
  | "percentage"
  | "roles"
  | "cohorts"
  | "hold"
  | "database"
  | "loss"
  | "override"
  | "reason"
  | "dryRun"
  | "yes"
  | "change"
  | "window"
  | "expires"
  | "text"
  | "textArabic"
  | "incident"
  | "source"
  | "cause"
  | "audience"
  | "state"
  | "title"
  | "ticket"
  | "rootCause"
  | "action"
  | "owner"
  | "due"
  | "out";

/** One entry of the command line. */
interface Entry {
  summary: string;
  options: readonly OptionName[];
  /** Loads the command's file: a rollback must not wait until all others are read. */
  load: () => Promise<{ run: Run }>;
}

/** Every command, in the order of the help. */
export const commands = {
  deploy: {
    summary: "bring a version to full production through a canary (an older known-good version: a rollback)",
    options: ["version", "database", "override", "reason", "dryRun"],
    load: () => import("./commands/deploy.js"),
  },
  rollback: {
    summary: "take the whole release back to a known-good version or update",
    options: ["version", "update", "database", "loss", "incident", "reason", "dryRun"],
    load: () => import("./commands/rollback.js"),
  },
  migrate: {
    summary: "take the database up to the revision of a version, in an update of its own",
    options: ["version", "dryRun"],
    load: () => import("./commands/migrate.js"),
  },
  downgrade: {
    summary: "take the database down to a revision",
    options: ["revision", "loss", "reason", "dryRun", "yes"],
    load: () => import("./commands/downgrade.js"),
  },
  "prove-downgrade": {
    summary:
      "take the stack's database down to the release before and up again, for the next stack to rely on",
    options: ["version", "loss", "dryRun", "yes"],
    load: () => import("./commands/proveDowngrade.js"),
  },
  smoke: {
    summary: "send the smoke tests to live traffic or to one slot",
    options: ["slot"],
    load: () => import("./commands/smoke.js"),
  },
  checklist: {
    summary: "show the checks before a deploy",
    options: ["version"],
    load: () => import("./commands/checklist.js"),
  },
  status: {
    summary: "show what runs where, how it does, and what may be gone back to",
    options: [],
    load: () => import("./commands/status.js"),
  },
  sync: {
    summary: "write the applied release into the stack file",
    options: ["dryRun"],
    load: () => import("./commands/sync.js"),
  },
  settle: {
    summary: "empty the idle slot",
    options: ["reason", "dryRun", "yes"],
    load: () => import("./commands/settle.js"),
  },
  pause: {
    summary: "answer a fixed 503 instead of forwarding traffic",
    options: ["reason", "dryRun"],
    load: () => import("./commands/pause.js"),
  },
  open: {
    summary: "open paused traffic again, after smoke tests",
    options: ["reason", "dryRun"],
    load: () => import("./commands/open.js"),
  },
  flag: {
    summary: "change who has one flag, or hold it off and release it",
    options: ["name", "percentage", "roles", "cohorts", "hold", "incident", "reason", "dryRun"],
    load: () => import("./commands/flag.js"),
  },
  allow: {
    summary: "take a digest off the refused list",
    options: ["digest", "reason", "dryRun", "yes"],
    load: () => import("./commands/allow.js"),
  },
  review: {
    summary: "record that a revision was read, as somebody else than its author",
    options: ["revision", "dryRun", "yes"],
    load: () => import("./commands/review.js"),
  },
  approve: {
    summary: "approve a change that cannot be undone, as somebody else than its author",
    options: ["change", "window", "expires", "reason", "dryRun"],
    load: () => import("./commands/approve.js"),
  },
  "notify-guardians": {
    summary: "tell guardians of an approved change that affects them",
    options: ["change", "text", "textArabic", "dryRun"],
    load: () => import("./commands/notifyGuardians.js"),
  },
  drill: {
    summary: "prove that the database can be restored to a point in time, on a copy that is removed again",
    options: ["at", "dryRun"],
    load: () => import("./commands/drill.js"),
  },
  restore: {
    summary: "restore the database to a time beside the live one, and show what differs",
    options: ["to", "remove", "dryRun", "yes"],
    load: () => import("./commands/restore.js"),
  },
  playbook: {
    summary: "show C1 to C7 with the stack's state: what is done, and the next command",
    options: ["incident"],
    load: () => import("./commands/playbook.js"),
  },
  incident: {
    summary: "open an incident for a ticket, take one a state further, or list the open ones",
    options: [
      "source",
      "title",
      "ticket",
      "at",
      "incident",
      "state",
      "reason",
      "rootCause",
      "action",
      "owner",
      "due",
      "dryRun",
    ],
    load: () => import("./commands/incident.js"),
  },
  stabilize: {
    summary: "switch an incident's flags off and hold them; pause traffic where a migration is the cause",
    options: ["incident", "cause", "name", "dryRun"],
    load: () => import("./commands/stabilize.js"),
  },
  notify: {
    summary: "tell people of an incident as it stands",
    options: ["incident", "audience", "text", "textArabic", "dryRun"],
    load: () => import("./commands/notify.js"),
  },
  postmortem: {
    summary: "write an incident's post-mortem, with what the records know filled in",
    options: ["incident", "dryRun"],
    load: () => import("./commands/postmortem.js"),
  },
  report: {
    summary: "write the story of a release or an incident as one HTML file; default: the newest release",
    options: ["version", "incident", "out"],
    load: () => import("./commands/report.js"),
  },
  "audit-verify": {
    summary: "check that nothing in the audit trail was changed, taken out or put in",
    options: [],
    load: () => import("./commands/auditVerify.js"),
  },
} as const satisfies Record<string, Entry>;

export type CommandName = keyof typeof commands;
