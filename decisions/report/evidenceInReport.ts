import { refusedBy, type Published } from "../stack/parameters";
import type { TimelineEntry } from "./timeline";
import type { UpdateRange } from "./updates";

/** A committed piece of evidence about a revision that a story's releases need. */
export interface Proof {
  kind: string;
  subject: string;
  /** Whether it is there and committed, in a sentence. */
  says: string;
  ok: boolean;
  by?: string;
  /** ISO time. */
  at?: string;
}

/** One line of a report's evidence. */
export interface EvidenceLine {
  what: string;
  says: string;
  ok: boolean;
  by?: string;
  /** ISO time. */
  at?: string;
}

interface Input {
  published: Published | undefined;
  version: string | undefined;
  digests: ReadonlySet<string>;
  chapter: UpdateRange;
  proofs: readonly Proof[];
  stagingValidated?: string;
}

/** What the release rests on: verdict, validation, overrides, refusals from the parameters; reviews and proofs from git. */
export function evidenceOf({ published, digests, chapter, proofs, stagingValidated }: Input): {
  lines: EvidenceLine[];
  happenings: TimelineEntry[];
} {
  const lines: EvidenceLine[] = [];
  const happenings: TimelineEntry[] = [];
  const serials = new Set(chapter.updates.flatMap(({ release }) => (release ? [release.serial] : [])));
  if (stagingValidated !== undefined && digests.size > 0)
    lines.push({
      what: "The stage before",
      ok: digests.has(stagingValidated),
      says: digests.has(stagingValidated)
        ? "validated this very image"
        : "has validated another image since, or none",
    });
  for (const [serial, verdict] of published?.verdicts ?? []) {
    if (!digests.has(verdict.digest)) continue;
    const says = `${verdict.verdict}${describeFigures(verdict.figures)}`;
    lines.push({ what: `Gate, serial ${serial}`, ok: verdict.verdict === "promote", says, at: verdict.at });
    happenings.push({
      at: Date.parse(verdict.at),
      source: "gate",
      what: `the gate's verdict: ${verdict.verdict}`,
      ok: verdict.verdict === "promote",
    });
  }
  for (const [serial, { check, reason, actor, at }] of published?.overrides ?? []) {
    if (!serials.has(serial)) continue;
    lines.push({ what: `Override of ${check}`, ok: false, says: reason, by: actor, at });
    happenings.push({
      at: Date.parse(at),
      source: "override",
      what: `${check} is overridden`,
      who: actor,
      why: reason,
    });
  }
  for (const [digest, refusal] of published?.refused ?? []) {
    if (!digests.has(digest)) continue;
    lines.push({
      what: "Refused",
      ok: false,
      says: refusedBy(refusal),
      by: refusal.actor,
      at: refusal.at,
    });
    happenings.push({
      at: Date.parse(refusal.at),
      source: "refusal",
      what: "the image is refused: it gets no traffic any more",
      who: refusal.actor,
      why: refusal.reason,
      ok: false,
    });
  }
  for (const digest of digests)
    lines.push({
      what: "Validation on this stack",
      ok: published?.validated.has(digest) ?? false,
      says: published ? (published.validated.has(digest) ? "passed" : "not passed") : "unknown",
    });
  for (const { kind, subject, says, ok, by, at } of proofs)
    lines.push({
      what: `${kind === "proof" ? "Proof of" : "Review of"} revision ${subject}`,
      says,
      ok,
      ...(by !== undefined && { by }),
      ...(at !== undefined && { at }),
    });
  if (published?.recoveryPoint)
    lines.push({ what: "Newest recovery point", ok: true, says: "completed", at: published.recoveryPoint });
  if (published?.drill)
    lines.push({
      what: "Newest restore drill",
      ok: published.drill.ok,
      says: published.drill.ok ? "passed" : "failed",
      at: published.drill.at,
    });
  return { lines, happenings };
}

/** The gate's figures in a clause; nothing where it kept none. */
function describeFigures(figures: unknown): string {
  const { budget } = (figures ?? {}) as { budget?: { spentByCanary?: number; left?: number } };
  const { spentByCanary, left } = budget ?? {};
  if (spentByCanary === undefined || left === undefined) return "";
  const percent = (part: number) => `${(100 * part).toFixed(2)} %`;
  return `; the canary spent ${percent(spentByCanary)} of the error budget, ${percent(left)} was left`;
}
