import type { Context } from "./context";
import type { OptionName } from "./options";

/** A command's body. Throws a Failure to end with its exit code. */
export type Run = (ctx: Context) => Promise<void>;

/** One entry of the command line. */
interface Entry {
  summary: string;
  options: readonly OptionName[];
  /** Loads the command's file on demand: a rollback must not wait until all the others are read. */
  load: () => Promise<{ run: Run }>;
}

/** Every command, in the order of the help. */
export const commands = {
  deploy: {
    summary:
      "bring a version to full production through a canary (an older known-good version is a rollback)",
    options: ["version", "database", "override", "reason", "dryRun"],
    load: () => import("../commands/deploy/deploy.js"),
  },
  rollback: {
    summary: "roll the whole release back to a known-good version or update",
    options: ["version", "update", "database", "loss", "incident", "reason", "dryRun"],
    load: () => import("../commands/rollback/rollback.js"),
  },
  apply: {
    summary:
      "apply the stack file as it is: the same release, one legal step, or a reverted file as a rollback",
    options: ["database", "loss", "incident", "reason", "dryRun", "yes"],
    load: () => import("../commands/deploy/apply.js"),
  },
  migrate: {
    summary: "migrate the database to the revision that a version needs, in an update of its own",
    options: ["version", "dryRun"],
    load: () => import("../commands/database/migrate.js"),
  },
  downgrade: {
    summary: "downgrade the database to a revision",
    options: ["revision", "loss", "reason", "dryRun", "yes"],
    load: () => import("../commands/database/downgrade.js"),
  },
  "prove-downgrade": {
    summary:
      "downgrade the stack's database to the previous release and migrate it again, as proof for the next stack",
    options: ["version", "loss", "dryRun", "yes"],
    load: () => import("../commands/database/proveDowngrade.js"),
  },
  smoke: {
    summary: "send the smoke tests to live traffic or to one slot",
    options: ["slot"],
    load: () => import("../commands/deploy/smoke.js"),
  },
  checklist: {
    summary: "run the checks that a deploy must pass, and nothing else",
    options: ["version"],
    load: () => import("../commands/deploy/checklist.js"),
  },
  status: {
    summary: "show what runs where, how healthy it is, and which releases can be rolled back to",
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
    summary: "change who has one flag, hold it off, or lift the hold",
    options: ["name", "percentage", "roles", "cohorts", "hold", "incident", "reason", "dryRun"],
    load: () => import("../commands/flags/flag.js"),
  },
  unblock: {
    summary: "remove a digest from the list of refused digests",
    options: ["digest", "reason", "dryRun", "yes"],
    load: () => import("../commands/rollback/unblock.js"),
  },
  review: {
    summary: "record that somebody other than its author has reviewed a revision",
    options: ["revision", "dryRun", "yes"],
    load: () => import("../commands/approval/review.js"),
  },
  approve: {
    summary: "approve an irreversible change, as somebody other than its author",
    options: ["change", "window", "expires", "reason", "dryRun"],
    load: () => import("../commands/approval/approve.js"),
  },
  "notify-guardians": {
    summary: "notify guardians of an approved change that affects them",
    options: ["change", "text", "textArabic", "dryRun"],
    load: () => import("../commands/approval/notifyGuardians.js"),
  },
  drill: {
    summary: "prove on a temporary copy that the database can be restored to a point in time",
    options: ["at", "dryRun"],
    load: () => import("../commands/recovery/drill.js"),
  },
  restore: {
    summary: "restore a copy of the database beside the live one, and show how they differ",
    options: ["to", "remove", "dryRun", "yes"],
    load: () => import("../commands/recovery/restore.js"),
  },
  playbook: {
    summary: "show steps C1 to C7 for the stack as it is now: what is done, and the next command",
    options: ["incident"],
    load: () => import("../commands/incident/playbook.js"),
  },
  incident: {
    summary: "open an incident for a ticket, move one to its next state, or list the open ones",
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
    summary: "switch an incident's flags off and hold them; pause traffic if a migration is the cause",
    options: ["incident", "cause", "name", "dryRun"],
    load: () => import("../commands/incident/stabilize.js"),
  },
  notify: {
    summary: "notify people about an incident as it stands",
    options: ["incident", "audience", "text", "textArabic", "dryRun"],
    load: () => import("../commands/incident/notify.js"),
  },
  postmortem: {
    summary: "write an incident's post-mortem, filled in from the records",
    options: ["incident", "dryRun"],
    load: () => import("../commands/incident/postmortem.js"),
  },
  report: {
    summary: "write the report of a release or an incident as one HTML file; default: the newest release",
    options: ["version", "incident", "out"],
    load: () => import("../commands/report/report.js"),
  },
  "audit-verify": {
    summary: "check that nothing in the audit trail was changed, removed or inserted",
    options: [],
    load: () => import("../commands/audit/auditVerify.js"),
  },
} as const satisfies Record<string, Entry>;

export type CommandName = keyof typeof commands;

/** Names that commands had before. Each works for one release and says its new name on stderr. */
export const oldNames = { settle: "empty-idle", allow: "unblock" } as const satisfies Record<
  string,
  CommandName
>;
