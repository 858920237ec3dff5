import { readReleases } from "../../repository/release/releases";
import type { ReleaseRecord } from "../../decisions/release/releaseRecord";
import type { Context } from "../shell/context";
import { exitCodes, Failure } from "../shell/failure";
import { makeLine } from "../shell/options";

/** The record of a version. Missing argument or unknown version: usage (2), with the versions that there are. */
export function readRecordOf(ctx: Context, version: string | undefined): ReleaseRecord {
  const { records, reasons } = readReleases(ctx.root);
  const known = [...records.keys()];
  const list =
    known.length > 0
      ? `Known versions: ${known.join(", ")}.`
      : "There are no releases/<version>.json yet; the build writes them.";
  if (version === undefined)
    throw new Failure(exitCodes.usage, `VERSION is missing. ${list}`, {
      next: makeLine(ctx.stack, ctx.command, { VERSION: known.at(-1) ?? "<tag>" }),
    });
  const record = records.get(version);
  if (record) return record;
  const broken = reasons.length > 0 ? `\nUnreadable: ${reasons.join("; ")}` : "";
  throw new Failure(
    exitCodes.usage,
    `There is no version \`${version}\`: releases/${version}.json does not exist or is not valid. ${list}${broken}`,
  );
}
