/** Names of a stack's backup resources, for the program that declares them and the commands that use them. */
export const backupNames = (application: string, stack: string) => ({
  /** Vault of the database's recovery points. */
  vault: `${application}-${stack}-database`,
  /** Role that AWS Backup takes. */
  role: `${application}-${stack}-backup`,
});
