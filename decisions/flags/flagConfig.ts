import { z } from "zod";
import { releaseFields } from "../release/release";

/** A role's or a cohort's name: lower case letters, digits and -. */
export const groupName = /^[a-z0-9][a-z0-9-]*$/;

/** Names of roles and cohorts, as the application's evaluation context gives them. */
const names = z.array(z.string().regex(groupName, "must be lower case letters, digits and -")).default([]);

const flag = z.strictObject({
  /** A `high` risk flag is published off until the live digest is validated (A2). */
  risk: z.enum(["low", "high"]),
  /** Roles that have it whatever the percentage is. */
  roles: names,
  /** Cohorts that have it whatever the percentage is. */
  cohorts: names,
  /** Share of everybody else, percent, by a stable hash of the person; raising it only adds people (A3). */
  percentage: z.number().min(0).max(100).default(0),
  /** Team that answers for it. */
  owner: z.string().min(1),
  /** Day on which it should be gone, ISO date. */
  expires: z.iso.date(),
  /**
   * Alembic revision without which the feature cannot run. The flag is published off while the database has not got it:
   * on only after the migration, off before a downgrade below it. Default: it needs none.
   */
  revision: releaseFields.revision.optional(),
});
export type Flag = z.infer<typeof flag>;

/** Config `flags`, by name. Default: none. */
export const flagsSchema = z
  .record(z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be a flag name of a-z, 0-9 and -"), flag)
  .default({});

/**
 * Config `heldFlags`: flags that an incident switched off, by name: published off whatever `flags` says. No rollback restores one and no old
 * file does; a person releases it with `make flag NAME= HOLD=off`, a name and a reason. Default: none.
 */
export const heldFlagsSchema = z
  .record(
    z.string(),
    z.strictObject({
      /** Why it is held. */
      reason: z.string().min(1),
      /** Reference of the incident. Default: none. */
      incident: z.string().min(1).optional(),
    }),
  )
  .default({});
