import { percent } from "../text/percent";
import { refusedBy, type Published } from "../stack/parameters";
import type { TimelineEntry } from "./timeline";
import type { UpdateRange } from "./updates";

/** A committed piece of evidence about a revision that a report's releases need. */
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
  updateRange: UpdateRange;
  proofs: readonly Proof[];
  stagingValidated?: string;
}

/** What a report says of a release's evidence: its lines, and what of it belongs into the timeline. */
interface Evidence {
  lines: EvidenceLine[];
  moments: TimelineEntry[];
}

/** What the release rests on: verdict, validation, overrides, refusals from the parameters; reviews and proofs from git. */
export function evidenceOf({ published, digests, updateRange, proofs, stagingValidated }: Input): Evidence {
  const serials = new Set(updateRange.updates.flatMap(({ release }) => (release ? [release.serial] : [])));
  const dated = [
    ...verdictsOn(digests, published),
    ...overridesOf(serials, published),
    ...refusalsOf(digests, published),
  ];
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

const verdictsOn = (digests: ReadonlySet<string>, published: Published | undefined): Dated[] =>
  [...(published?.verdicts ?? [])].flatMap(([serial, { digest, verdict, figures, at }]) => {
    if (!digests.has(digest)) return [];
    const ok = verdict === "promote";
    const says = `${verdict}${describeFigures(figures)}`;
    return [
      {
        line: { what: `Gate, serial ${serial}`, ok, says, at },
        moment: { at: Date.parse(at), source: "gate", what: `the gate's verdict: ${verdict}`, ok },
      },
    ];
  });

const overridesOf = (serials: ReadonlySet<number>, published: Published | undefined): Dated[] =>
  [...(published?.overrides ?? [])].flatMap(([serial, { check, reason, actor, at }]) => {
    if (!serials.has(serial)) return [];
    const what = `${check} is overridden`;
    return [
      {
        line: { what: `Override of ${check}`, ok: false, says: reason, by: actor, at },
        moment: { at: Date.parse(at), source: "override", what, who: actor, why: reason },
      },
    ];
  });

const refusalsOf = (digests: ReadonlySet<string>, published: Published | undefined): Dated[] =>
  [...(published?.refused ?? [])].flatMap(([digest, refusal]) => {
    if (!digests.has(digest)) return [];
    const { actor, at, reason } = refusal;
    const what = "the image is refused: it gets no traffic any more";
    return [
      {
        line: { what: "Refused", ok: false, says: refusedBy(refusal), by: actor, at },
        moment: { at: Date.parse(at), source: "refusal", what, who: actor, why: reason, ok: false },
      },
    ];
  });

const validations = (digests: ReadonlySet<string>, published: Published | undefined): EvidenceLine[] =>
  [...digests].map((digest) => {
    const ok = published?.validated.has(digest) ?? false;
    return {
      what: "Validation on this stack",
      ok,
      says: published ? (ok ? "passed" : "not passed") : "unknown",
    };
  });

function recoveryLines(published: Published | undefined): EvidenceLine[] {
  const { recoveryPoint, drill } = published ?? {};
  return [
    ...(recoveryPoint
      ? [{ what: "Newest recovery point", ok: true, says: "completed", at: recoveryPoint }]
      : []),
    ...(drill
      ? [{ what: "Newest restore drill", ok: drill.ok, says: drill.ok ? "passed" : "failed", at: drill.at }]
      : []),
  ];
}

/** The gate's figures in a clause; nothing where it kept none. */
function describeFigures(figures: unknown): string {
  const { budget } = (figures ?? {}) as { budget?: { spentByCanary?: number; left?: number } };
  const { spentByCanary, left } = budget ?? {};
  if (spentByCanary === undefined || left === undefined) return "";
  return `; the canary spent ${percent(spentByCanary)} of the error budget, ${percent(left)} was left`;
}
