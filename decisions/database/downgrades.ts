import { z } from "zod";
import { jsonIn } from "../text/jsonText";

/** What a stack knows of its own database having gone down and up again (B5), and how the next stack hears of it. */

/** One revision that was taken down and up again under the traffic of the release before it, as a parameter holds it. */
export const downgradeEvidence = z.object({
  /** SHA-256 of the revision's file at that time. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256, 64 hex digits"),
  /** The revision that the database was taken down to. */
  to: z.string(),
  /** Version that answered while it was down. */
  under: z.string(),
  /** Serial of the downgrade's update. */
  serial: z.int(),
  at: z.string(),
});
export type DowngradeEvidence = z.infer<typeof downgradeEvidence>;

/** Name of the stack output that carries them to the next stack: JSON, revision -> SHA-256 of its file. */
export const downgradesOutput = "downgrades";

/** The output's value. */
export const writeDowngrades = (downgrades: ReadonlyMap<string, DowngradeEvidence>): string =>
  JSON.stringify(Object.fromEntries([...downgrades].map(([revision, { sha256 }]) => [revision, sha256])));

/** Revision -> SHA-256; undefined where there is no such output, or it is none. */
export function readDowngrades(output: unknown): ReadonlyMap<string, string> | undefined {
  const value = typeof output === "string" ? jsonIn(output) : undefined;
  const { data } = z.record(z.string(), z.string()).safeParse(value);
  return data && new Map(Object.entries(data));
}
