/** Exit codes of the commands. Through make every failure is 2, so a command's JSON carries the code as well. */
export const exitCodes = {
  /** Done, or nothing to do. */
  done: 0,
  /** A defect, or something outside that no rule foresees. */
  unexpected: 1,
  /** A wrong or missing argument, or a question that nobody could answer. */
  usage: 2,
  /** The stack's config, or the config of the update asked for, is refused by today's schema. */
  configInvalid: 3,
  /** Refused by the checklist, a rule of transition or a policy; nothing was changed. */
  refused: 4,
  /** The release failed and the previous one serves again. */
  rolledBack: 5,
  /** A rollback failed: a person must look now. */
  rollbackFailed: 6,
  /** Another operation holds the stack. */
  held: 7,
  /** Ended by Ctrl-C or SIGTERM. */
  interrupted: 130,
} as const;

/** One of the codes above. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
