import type { Context } from "./context";
import type { OptionName } from "./options";

/** A command's body. Throws a Failure to end with its exit code. */
export type Run = (ctx: Context) => Promise<void>;

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
    load: () => import("../commands/deploy/deploy.js"),
  },
  rollback: {
    summary: "take the whole release back to a known-good version or update",
    options: ["version", "update", "database", "loss", "incident", "reason", "dryRun"],
    load: () => import("../commands/rollback/rollback.js"),
  },
  migrate: {
    summary: "take the database up to the revision of a version, in an update of its own",
    options: ["version", "dryRun"],
    load: () => import("../commands/database/migrate.js"),
  },
  downgrade: {
    summary: "take the database down to a revision",
    options: ["revision", "loss", "reason", "dryRun", "yes"],
    load: () => import("../commands/database/downgrade.js"),
  },
  "prove-downgrade": {
    summary:
      "take the stack's database down to the release before and up again, for the next stack to rely on",
    options: ["version", "loss", "dryRun", "yes"],
    load: () => import("../commands/database/proveDowngrade.js"),
  },
  smoke: {
    summary: "send the smoke tests to live traffic or to one slot",
    options: ["slot"],
    load: () => import("../commands/deploy/smoke.js"),
  },
  checklist: {
    summary: "show the checks before a deploy",
    options: ["version"],
    load: () => import("../commands/deploy/checklist.js"),
  },
  status: {
    summary: "show what runs where, how it does, and what may be gone back to",
    options: [],
    load: () => import("../commands/stack/status.js"),
  },
  sync: {
    summary: "write the applied release into the stack file",
    options: ["dryRun"],
    load: () => import("../commands/stack/sync.js"),
  },
  "empty-idle": {
    summary: "empty the idle slot",
    options: ["reason", "dryRun", "yes"],
    load: () => import("../commands/stack/emptyIdle.js"),
  },
  pause: {
    summary: "answer a fixed 503 instead of forwarding traffic",
    options: ["reason", "dryRun"],
    load: () => import("../commands/traffic/pause.js"),
  },
  open: {
    summary: "open paused traffic again, after smoke tests",
    options: ["reason", "dryRun"],
    load: () => import("../commands/traffic/open.js"),
  },
  flag: {
    summary: "change who has one flag, or hold it off and release it",
    options: ["name", "percentage", "roles", "cohorts", "hold", "incident", "reason", "dryRun"],
    load: () => import("../commands/flags/flag.js"),
  },
  unblock: {
    summary: "take a digest off the list of refused digests",
    options: ["digest", "reason", "dryRun", "yes"],
    load: () => import("../commands/rollback/unblock.js"),
  },
  review: {
    summary: "record that a revision was read, as somebody else than its author",
    options: ["revision", "dryRun", "yes"],
    load: () => import("../commands/approval/review.js"),
  },
  approve: {
    summary: "approve a change that cannot be undone, as somebody else than its author",
    options: ["change", "window", "expires", "reason", "dryRun"],
    load: () => import("../commands/approval/approve.js"),
  },
  "notify-guardians": {
    summary: "tell guardians of an approved change that affects them",
    options: ["change", "text", "textArabic", "dryRun"],
    load: () => import("../commands/approval/notifyGuardians.js"),
  },
  drill: {
    summary: "prove that the database can be restored to a point in time, on a copy that is removed again",
    options: ["at", "dryRun"],
    load: () => import("../commands/recovery/drill.js"),
  },
  restore: {
    summary: "restore the database to a time beside the live one, and show what differs",
    options: ["to", "remove", "dryRun", "yes"],
    load: () => import("../commands/recovery/restore.js"),
  },
  playbook: {
    summary: "show C1 to C7 with the stack's state: what is done, and the next command",
    options: ["incident"],
    load: () => import("../commands/incident/playbook.js"),
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
    load: () => import("../commands/incident/incident.js"),
  },
  stabilize: {
    summary: "switch an incident's flags off and hold them; pause traffic where a migration is the cause",
    options: ["incident", "cause", "name", "dryRun"],
    load: () => import("../commands/incident/stabilize.js"),
  },
  notify: {
    summary: "tell people of an incident as it stands",
    options: ["incident", "audience", "text", "textArabic", "dryRun"],
    load: () => import("../commands/incident/notify.js"),
  },
  postmortem: {
    summary: "write an incident's post-mortem, with what the records know filled in",
    options: ["incident", "dryRun"],
    load: () => import("../commands/incident/postmortem.js"),
  },
  report: {
    summary: "write the story of a release or an incident as one HTML file; default: the newest release",
    options: ["version", "incident", "out"],
    load: () => import("../commands/report/report.js"),
  },
  "audit-verify": {
    summary: "check that nothing in the audit trail was changed, taken out or put in",
    options: [],
    load: () => import("../commands/audit/auditVerify.js"),
  },
} as const satisfies Record<string, Entry>;

export type CommandName = keyof typeof commands;
