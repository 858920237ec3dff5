import { z } from "zod";
import { slots } from "../stack/names";

/** The release as stack config holds it and as it is published: all that a step may change. */

const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "must be an image digest, sha256: and 64 hex digits");

/** An image by digest. A tag can be moved to other code, so it cannot be rolled back to. */
const image = z
  .string()
  .regex(
    /^[^\s@]+@sha256:[0-9a-f]{64}$/,
    "must name an image by digest (name@sha256:<64 hex digits>), not by tag: a tag can be moved to other code",
  );

/** An Alembic revision. A string: YAML and `pulumi config set --path` turn an all-digit one into a number. */
const revision = z
  .string({
    error: "must be a quoted string: an all-digit revision becomes a number under `pulumi config set --path`",
  })
  .regex(/^[0-9a-z_]{1,32}$/, "must be an Alembic revision id (1 to 32 of a-z, 0-9 and _)");

const version = z
  .string()
  .regex(/^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$/, "must be a version tag such as 1.4.2 (letters, digits, . _ -)");

/** What a release record shares with a slot: version tag, image by digest, the Alembic revision that its code needs. */
export const releaseFields = { version, image, revision };

/** One release in a slot. */
const slotRelease = z.strictObject(releaseFields);
export type SlotRelease = z.infer<typeof slotRelease>;

/** The release: all that a step may change. */
export const releaseSchema = z
  .strictObject({
    /** Rises by one with every step; the program refuses a file whose serial is behind the published one. */
    serial: z.int().min(0),
    /** The slot that serves what the canary does not. */
    live: z.enum(slots),
    /** Share of traffic of the other slot, percent, 0 to 10 (A4). */
    canaryWeight: z.int().min(0).max(10, "must be 0 to 10: a canary gets at most 10 % of the traffic"),
    /** `paused`: the listener rule answers a fixed 503 and no slot gets traffic. */
    traffic: z.enum(["open", "paused"]),
    /** Digest whose post-deploy validation passed; absent until one has. Risky flags are on only while it is the live one. */
    validated: digest.optional(),
    /** Where the database is to be, and the newest image that knows every revision in play. */
    migration: z
      .strictObject({
        revision,
        image,
        /** The revision that the database is taken down from; only in a downgrade's own update. */
        downgradeFrom: revision.optional(),
        /**
         * By revision, the rows that its downgrade may lose at most, as somebody approved; only beside `downgradeFrom`. Default:
         * none, and a downgrade that would lose one fails and has done nothing.
         */
        approvedLoss: z.record(revision, z.int().min(1)).optional(),
      })
      .optional(),
    /** What each slot runs; an absent slot is empty. */
    slots: z.strictObject({ blue: slotRelease.optional(), green: slotRelease.optional() }),
  })
  .superRefine((value, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    const idle = value.live === "blue" ? "green" : "blue";
    if (value.canaryWeight > 0 && !value.slots[idle])
      issue(
        ["canaryWeight"],
        `is ${value.canaryWeight} but slot ${idle} is empty: load a release into ${idle} first, or set 0`,
      );
    if (value.migration?.approvedLoss && value.migration.downgradeFrom === undefined)
      issue(
        ["migration", "approvedLoss"],
        "stands without `downgradeFrom`: only a downgrade may lose rows; leave it out",
      );
    if (value.traffic === "open" && !value.slots[value.live])
      issue(
        ["live"],
        `is ${value.live} but that slot is empty: nothing would answer; name the slot that holds a release, or keep traffic paused`,
      );
  });
export type Release = z.infer<typeof releaseSchema>;
