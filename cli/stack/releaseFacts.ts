import { readReleases } from "../../repository/release/releases";
import type { ReleaseRecord } from "../../decisions/release/releaseRecord";
import { downgradesOutput, readDowngrades } from "../../decisions/database/downgrades";
import type { PromotionSource } from "../../decisions/stack/parameters";
import type { Context } from "../shell/context";
import { exitCodes, Failure } from "../shell/failure";
import { makeLine } from "../shell/options";

/** What only another stack knows: the digest that the stack before this one validated (A4), and what it took down (B5). */
export async function readPromotionSource(ctx: Context): Promise<PromotionSource> {
  const { promotedFrom } = ctx.settings;
  if (promotedFrom === undefined) return { requiresStaging: false };
  const [stagingValidated, downgrades] = await Promise.all([
    ctx.engine.outputOf(promotedFrom, "validated"),
    ctx.engine.outputOf(promotedFrom, downgradesOutput),
  ]);
  const stagingDowngraded = readDowngrades(downgrades);
  return {
    requiresStaging: true,
    ...(stagingValidated !== undefined && { stagingValidated }),
    ...(stagingDowngraded && { stagingDowngraded }),
  };
}

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
