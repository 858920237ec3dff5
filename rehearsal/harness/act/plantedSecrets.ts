/** A text of letters alone, so that each form of a text has it alike; put together here, or the search would find this file. */
const marker = (place: string): string => ["planted", place].join("");

/** Secrets by where the rehearsal keeps them, distinct. At its end secrets.ts searches everything for them. */
export const planted = {
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
