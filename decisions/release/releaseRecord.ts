import { z } from "zod";
import { describeIssues, knownKeys } from "../text/issues";
import { releaseFields } from "./release";

/** `releases/<version>.json`, written once by the build and committed: what a version is. */
export const releaseRecord = z.strictObject({
  /** Version tag; the file's name is `<version>.json`. */
  version: releaseFields.version,
  /** The image by digest. */
  image: releaseFields.image,
  /** Alembic revision that its code needs. */
  revision: releaseFields.revision,
  /** Commit that it was built from, 7 to 40 hex digits. */
  commit: z.string().regex(/^[0-9a-f]{7,40}$/, "must be a commit id, 7 to 40 hex digits"),
});
export type ReleaseRecord = z.infer<typeof releaseRecord>;

/** A record, or what is wrong with it, one line an issue. */
export type ReadRecord = { ok: true; record: ReleaseRecord } | { ok: false; reasons: string[] };

/** Reads one record from `value`, the parsed JSON of the file named `file`; its version must be the file's name. */
export function readRecord(file: string, value: unknown): ReadRecord {
  const parsed = releaseRecord.safeParse(value, { error: knownKeys });
  if (!parsed.success)
    return {
      ok: false,
      reasons: describeIssues(parsed.error, value).map(
        (issue) => `${file}: \`${issue.path}\` ${issue.message}`,
      ),
    };
  const named = file.replace(/^.*\//, "").replace(/\.json$/, "");
  if (parsed.data.version !== named)
    return {
      ok: false,
      reasons: [
        `${file}: \`version\` is \`${parsed.data.version}\`; allowed is the file's name, \`${named}\`.`,
      ],
    };
  return { ok: true, record: parsed.data };
}
