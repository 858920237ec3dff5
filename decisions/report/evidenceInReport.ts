import { percent } from "../text/percent";
import { refusedBy, type Published } from "../stack/parameters";
import type { TimelineEntry } from "./timeline";
import type { UpdateRange } from "./updates";

/** One line of a report's evidence. */
export interface EvidenceLine {
  what: string;
  /** What was found, in a sentence. */
  says: string;
  ok: boolean;
  by?: string;
  /** ISO time. */
  at?: string;
}

/** Whether a committed piece of evidence about a revision that a report's releases need is there and committed. */
export interface Proof extends Omit<EvidenceLine, "what"> {
  kind: string;
  subject: string;
}

interface Input {
  published: Published | undefined;
  digests: ReadonlySet<string>;
  updateRange: UpdateRange;
  proofs: readonly Proof[];
  stagingValidated?: string;
}

/**
 * What the release rests on: verdict, validation, overrides, refusals from the parameters; reviews and proofs from git. And
 * what of it belongs into the timeline.
 */
export function evidenceOf({ published, digests, updateRange, proofs, stagingValidated }: Input): {
  lines: EvidenceLine[];
  moments: TimelineEntry[];
} {
  const serials = new Set(updateRange.updates.flatMap(({ release }) => (release ? [release.serial] : [])));
  const dated = published
    ? [
        ...verdictsOn(digests, published),
        ...overridesOf(serials, published),
        ...refusalsOf(digests, published),
      ]
    : [];
  return {
    lines: [
      ...stageBefore(digests, stagingValidated),
      ...dated.map(({ line }) => line),
      ...validations(digests, published),
      ...proofs.map(({ kind, subject, ...found }) => ({
        what: `${kind === "proof" ? "Proof of" : "Review of"} revision ${subject}`,
        ...found,
      })),
      ...recoveryLines(published),
    ],
    moments: dated.map(({ moment }) => moment),
  };
}

/** A line of evidence that is a moment of the timeline too. */
interface Dated {
  line: EvidenceLine;
  moment: TimelineEntry;
}

function stageBefore(digests: ReadonlySet<string>, stagingValidated: string | undefined): EvidenceLine[] {
  if (stagingValidated === undefined || digests.size === 0) return [];
  const ok = digests.has(stagingValidated);
  const says = ok ? "validated this very image" : "has validated another image since, or none";
  return [{ what: "The stage before", ok, says }];
}

const verdictsOn = (digests: ReadonlySet<string>, { verdicts }: Published): Dated[] =>
  [...verdicts]
    .filter(([, { digest }]) => digests.has(digest))
    .map(([serial, { verdict, figures, at }]) => {
      const ok = verdict === "promote";
      return {
        line: { what: `Gate, serial ${serial}`, ok, says: `${verdict}${describeFigures(figures)}`, at },
        moment: { at: Date.parse(at), source: "gate", what: `the gate's verdict: ${verdict}`, ok },
      };
    });

const overridesOf = (serials: ReadonlySet<number>, { overrides }: Published): Dated[] =>
  [...overrides]
    .filter(([serial]) => serials.has(serial))
    .map(([, { check, reason, actor, at }]) => {
      const what = `${check} is overridden`;
      return {
        line: { what: `Override of ${check}`, ok: false, says: reason, by: actor, at },
        moment: { at: Date.parse(at), source: "override", what, who: actor, why: reason },
      };
    });

const refusalsOf = (digests: ReadonlySet<string>, { refused }: Published): Dated[] =>
  [...refused]
    .filter(([digest]) => digests.has(digest))
    .map(([, refusal]) => {
      const { actor, at, reason } = refusal;
      const what = "the image is refused: it gets no traffic any more";
      return {
        line: { what: "Refused", ok: false, says: refusedBy(refusal), by: actor, at },
        moment: { at: Date.parse(at), source: "refusal", what, who: actor, why: reason, ok: false },
      };
    });

const validations = (digests: ReadonlySet<string>, published: Published | undefined): EvidenceLine[] =>
  [...digests].map((digest) => {
    const ok = published?.validated.has(digest) ?? false;
    const says = published ? (ok ? "passed" : "not passed") : "unknown";
    return { what: "Validation on this stack", ok, says };
  });

function recoveryLines({ recoveryPoint, drill }: Partial<Published> = {}): EvidenceLine[] {
  const lines: EvidenceLine[] = [];
  if (recoveryPoint)
    lines.push({ what: "Newest recovery point", ok: true, says: "completed", at: recoveryPoint });
  if (drill)
    lines.push({
      what: "Newest restore drill",
      ok: drill.ok,
      says: drill.ok ? "passed" : "failed",
      at: drill.at,
    });
  return lines;
}

/** The gate's figures in a clause; nothing where it kept none. */
function describeFigures(figures: unknown): string {
  const { budget } = (figures ?? {}) as { budget?: { spentByCanary?: number; left?: number } };
  const { spentByCanary, left } = budget ?? {};
  if (spentByCanary === undefined || left === undefined) return "";
  return `; the canary spent ${percent(spentByCanary)} of the error budget, ${percent(left)} was left`;
}
