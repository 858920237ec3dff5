/** Names of a stack's backup resources, for the program that declares them and the commands that use them. */
export const backupNames = (application: string, stack: string) => ({
  /** Vault of the database's recovery points. */
  vault: `${application}-${stack}-database`,
  /** Role that AWS Backup takes. */
  role: `${application}-${stack}-backup`,
  /** Topic of the alarms on backups, and the beginning of their names; not as a release's alarms begin. */
  alarms: `backup-${application}-${stack}`,
  /** State machine that measures how far point-in-time recovery lies behind, its schedule and its role. */
  lag: `${application}-${stack}-restorable-lag`,
  /** Restore-testing plan; AWS allows no hyphen in its name. */
  restoreTests: `${application}_${stack}_quarterly`.replaceAll("-", "_"),
});
