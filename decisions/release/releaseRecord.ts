import { z } from "zod";
import { issueLines, knownKeys } from "../text/issues";
import { releaseFields } from "./release";

/** `releases/<version>.json`, written once by the build and committed: what a version is. */
export const releaseRecord = z.strictObject({
  ...releaseFields,
  /** Commit that it was built from, 7 to 40 hex digits. */
  commit: z.string().regex(/^[0-9a-f]{7,40}$/, "must be a commit id, 7 to 40 hex digits"),
});
export type ReleaseRecord = z.infer<typeof releaseRecord>;

/**
 * Reads one record from `value`, the parsed JSON of the file named `file`, or says what is wrong with it, a line an issue. Its
 * version must be the file's name.
 */
export function readRecord(
  file: string,
  value: unknown,
): { ok: true; record: ReleaseRecord } | { ok: false; reasons: string[] } {
  const { success, data, error } = releaseRecord.safeParse(value, { error: knownKeys });
  const named = file.replace(/^.*\//, "").replace(/\.json$/, "");
  if (success && data.version === named) return { ok: true, record: data };
  const reasons = success
    ? [`${file}: \`version\` is \`${data.version}\`; allowed is the file's name, \`${named}\`.`]
    : issueLines(file, error, value);
  return { ok: false, reasons };
}
