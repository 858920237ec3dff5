/** Letters only, so that no encoding changes it; joined here, or the search would find this file. */
const marker = (place: string): string => ["planted", place].join("");

/** A distinct secret for each place that the rehearsal keeps one in. At the end observe/secrets.ts searches everything for them. */
export const plantedSecrets = {
  awsSecretKey: marker("AwsSecretKey"),
  awsSessionToken: marker("AwsSessionToken"),
  passphrase: marker("Passphrase"),
  /** PGPASSWORD of the shell. */
  pgPassword: marker("PgPassword"),
  /** In DATABASE_URL of the cluster's Secret. */
  database: marker("DatabasePassword"),
  /** In the path of COMMS_WEBHOOK_URL. */
  webhook: marker("WebhookToken"),
  /** A `--secret` of the stack's config. */
  config: marker("ConfigSecret"),
};
