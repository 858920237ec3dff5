import { z } from "zod";

const folder = z.string().startsWith("/", "must be an absolute path");

const tableName = z.string().regex(/^[^.]+\.[^.]+$/, "must be schema.table, such as public.pupils");

const common = {
  /**
   * Tables whose rows a drill counts and whose contents it compares, `schema.table`; writes to them wait for a moment
   * while it picks the instant. Default: every table of the database that is logged.
   */
  tables: z.array(tableName).default([]),
};

/** Where point-in-time recovery comes from: `database.recovery`. */
export const recoverySchema = z.discriminatedUnion("source", [
  z.strictObject({
    /** RDS or Aurora: a throwaway instance is restored to the asked time. */
    source: z.literal("rds"),
    ...common,
    /** Class of the throwaway instance. Default: the live one's; Aurora's writer as `db.serverless` needs it said. */
    instanceClass: z
      .string()
      .startsWith("db.", "must be a DB instance class such as db.t4g.medium")
      .optional(),
    /** DB subnet group of the copy. Default: the live one's. */
    subnetGroup: z.string().min(1).optional(),
    /** Security groups of the copy; they must let in whoever runs the drill. Default: the live one's. */
    securityGroupIds: z
      .array(z.string().startsWith("sg-", "must be the id of a security group"))
      .max(5)
      .optional(),
    /** Minutes that a restore may take. 10 to 1440. Default 180: blocks are loaded from S3, so size counts. */
    limitMinutes: z.int().min(10).max(1440).default(180),
  }),
  z.strictObject({
    /** A PostgreSQL server of one's own: base backups by pg_basebackup and an archive of the write-ahead log. */
    source: z.literal("archive"),
    ...common,
    /** Folder into which archive_command puts segments, under their own names. */
    wal: folder,
    /** Folder of base backups: each subfolder a plain pg_basebackup with its manifest. */
    baseBackups: folder,
    /** Folder in which copies are restored; room for one more database. At most 45 characters, for sockets lie in it. */
    copies: folder.max(45, "must have at most 45 characters: PostgreSQL's sockets lie below it"),
    /** Minutes that a restore may take. 1 to 1440. Default 60. */
    limitMinutes: z.int().min(1).max(1440).default(60),
  }),
]);
export type RecoveryConfig = z.infer<typeof recoverySchema>;
