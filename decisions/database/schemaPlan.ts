import type { SlotRelease } from "../stack/config";
import type { Missing } from "../approval/evidence";
import { digest } from "../release/digest";
import type { CommandHint, NextStep } from "../text/commandHint";
import type { HistoryEntry } from "../stack/history";
import type { ProvedRevision } from "./revisionProof";
import { ranOn, revisionOrder } from "./revisionHistory";

/** What a rollback does with the database: DATABASE= says what a person wants, the proofs what is safe. */

/** One revision that the database has and the target was not built for, as its evidence tells of it. */
export interface RevisionBetween extends Pick<ProvedRevision, "id" | "proof"> {
  /** Whether somebody else than its author approved that its downgrade loses rows. */
  approval: { ok: true } | Missing;
}

/** The revisions from the one after `to` up to the database's, oldest first; none where `to` is ahead of it. */
export type RevisionsBetween =
  | {
      ok: true;
      revisions: RevisionBetween[];
      /** Those of other branches of a merge, which a downgrade to `to` would leave behind; default none. */
      left?: readonly string[];
    }
  | { ok: false; reasons: string[] };

/** A reason against a downgrade, and what to do about it. */
export interface DowngradeIssue {
  text: string;
  next: NextStep;
}

interface SchemaPlanInput {
  target: SlotRelease;
  /** Where the database is; undefined: nowhere yet. */
  at: string | undefined;
  asked: "auto" | "keep" | "downgrade";
  history: readonly HistoryEntry[];
  /** Reads the revisions between; asked only where both are given and differ. */
  between: (to: string, at: string) => RevisionsBetween;
  /** Rows that a person agreed to lose, by revision. */
  loss?: ReadonlyMap<string, number> | undefined;
}

/** The way, with what to say about it. */
export type SchemaPlan =
  | { kind: "none" | "keep" | "down" | "up"; note?: string }
  | { kind: "refused"; reasons: string[]; next: NextStep };

/** Kinds after which a release of before goes on to work, where its proof says so: nothing it uses is taken away. */
const additive = new Set(["expand", "backfill", "enforce"]);

/**
 * Decides on the database. `auto`: kept where every revision since only adds and the target was proved to work on the
 * newest; where a proof cannot be read, history counts that shows it running there; else down, if every downgrade is proved
 * and loses nothing. Whatever is not known to be safe is refused, and nothing is changed then.
 */
export function schemaPlan(question: SchemaPlanInput): SchemaPlan {
  const { target, at, asked, history } = question;
  const to = target.revision;
  if (at === to) return { kind: "none" };
  if (at === undefined) return up(target, "nothing");
  const between = question.between(to, at);
  if (isAhead(to, at, between, history)) return up(target, at);
  if (asked === "keep") return keepAsked(target, at, between);
  if (asked === "downgrade") return down(question, between, `DATABASE=downgrade`);
  const unfit = whyNotKept(target, between);
  const proved = `The database stays at ${at}: ${target.version} was built for ${to} and is proved to work on ${at}.`;
  if (unfit.length === 0) return { kind: "keep", note: proved };
  const why = unfit.join("; ");
  const ran = `The database stays at ${at}: history shows that ${target.version}, built for ${to}, was in a slot under ${at}. That it works there could not be read from a proof: ${why}.`;
  const isUnproved = !between.ok || between.revisions.some(({ proof }) => !proof.ok);
  if (isUnproved && ranOn(history, digest(target.image), at)) return { kind: "keep", note: ran };
  return down(question, between, why);
}

const up = (target: SlotRelease, from: string): SchemaPlan => ({
  kind: "up",
  note: `The database goes up from ${from} to ${target.revision}, which ${target.version} needs.`,
});

/** By the files; where those do not say, by the order in which history applied them. */
function isAhead(
  to: string,
  at: string,
  between: RevisionsBetween,
  history: readonly HistoryEntry[],
): boolean {
  if (between.ok) return between.revisions.length === 0;
  const order = revisionOrder(history);
  return order.includes(at) && order.indexOf(to) > order.indexOf(at);
}

function keepAsked(target: SlotRelease, at: string, between: RevisionsBetween): SchemaPlan {
  const unfit = whyNotKept(target, between);
  const works =
    unfit.length === 0 ? ` and is proved to work on ${at}.` : `. Not proved: ${unfit.join("; ")}.`;
  const built = `The database stays at ${at}, as asked; ${target.version} was built for ${target.revision}`;
  return { kind: "keep", note: built + works };
}

/** Why it is not proved that the target works on the database as it is; empty where it is. */
function whyNotKept({ version, revision: to }: SlotRelease, between: RevisionsBetween): string[] {
  if (!between.ok) return between.reasons;
  const newest = between.revisions.at(-1)?.id;
  const unproved = between.revisions.flatMap(({ id, proof }) =>
    proof.ok ? [] : [`${id} is not proved: ${proof.reasons.join("; ")}`],
  );
  if (unproved.length > 0) return unproved;
  return between.revisions.flatMap(({ id, proof }) => {
    if (!proof.ok) return [];
    const { facts, worksWith } = proof.details;
    if (!additive.has(facts.kind)) return [`${id} is a ${facts.kind}, not an addition`];
    const works = id !== newest || worksWith.some(({ revision }) => revision === to);
    return works ? [] : [`${version} is not proved to work on ${id}`];
  });
}

function down(question: SchemaPlanInput, between: RevisionsBetween, why: string): SchemaPlan {
  const { target, at, asked, loss } = question;
  const to = target.revision;
  const issues = [
    ...downgradeIssues(between, at ?? ""),
    ...(asked === "auto" ? lossyIssues(between) : []),
    ...lossIssues(between, loss ?? new Map()),
  ];
  const [first] = issues;
  const note = `The database goes down from ${at} to ${to} (${why}); traffic is paused meanwhile.`;
  if (!first) return { kind: "down", note };
  const needs = `${target.version} needs revision ${to}, the database is at ${at}: ${why}.`;
  return {
    kind: "refused",
    reasons: [
      ...(asked === "auto" ? [needs] : []),
      ...issues.map(({ text }) => text),
      "Nothing was changed: traffic and database stay as they are. `make pause` stops traffic; `make restore TO=<time>` brings back what the database held.",
    ],
    next: first.next,
  };
}

/**
 * Why the database may not be taken down past these revisions: each needs a proof that counts, and one that loses what was
 * written since an approval by somebody else than its author.
 */
export function downgradeIssues(between: RevisionsBetween, at: string): DowngradeIssue[] {
  const next = showStatus;
  if (!between.ok) return between.reasons.map((text) => ({ text, next }));
  const { revisions, left = [] } = between;
  if (revisions.length === 0)
    return [{ text: `the files do not name a revision to take down from ${at}`, next }];
  const leaves = `a downgrade would leave ${left.join(", ")} applied, for ${at} merges several branches; go down to a revision from before they part`;
  if (left.length > 0) return [{ text: leaves, next }];
  return revisions.flatMap(({ id, proof, approval }): DowngradeIssue[] => {
    if (!proof.ok)
      return [
        { text: `the downgrade of ${id} is not proved: ${proof.reasons.join("; ")}`, next: proof.next },
      ];
    if (proof.details.facts.reversible || approval.ok) return [];
    const text = `the downgrade of ${id} loses what was written since (reversible = False), and nobody has approved that: ${approval.reasons.join("; ")}. Somebody else than its author may approve it; or recover to a point in time (\`make restore TO=<time>\`)`;
    return [{ text, next: approve(id) }];
  });
}

const showStatus: CommandHint = { command: "status" };
const approve = (CHANGE: string): CommandHint => ({
  command: "approve",
  variables: { CHANGE, REASON: "<why>" },
});

/** What nobody asked for does not lose anything, approved or not. */
function lossyIssues(between: RevisionsBetween): DowngradeIssue[] {
  if (!between.ok) return [];
  const lossy = between.revisions.filter(({ proof }) => proof.ok && !proof.details.facts.reversible);
  return lossy.map(({ id }) => ({
    text: `the downgrade of ${id} loses what was written since (reversible = False), so it is only done when asked for: DATABASE=downgrade`,
    next: { command: "restore", variables: { TO: "<time>" } },
  }));
}

/** Why rows may not be lost as LOSS= says: only of a revision that goes down, and with an approval. */
export function lossIssues(between: RevisionsBetween, loss: ReadonlyMap<string, number>): DowngradeIssue[] {
  const known = new Map(between.ok ? between.revisions.map((one) => [one.id, one] as const) : []);
  return [...loss.keys()].flatMap((id) => {
    const approval = known.get(id)?.approval;
    const goDown = [...known.keys()].join(", ") || "none";
    if (!approval)
      return [
        { text: `LOSS= names ${id}, which does not go down; those that do: ${goDown}`, next: showStatus },
      ];
    if (approval.ok) return [];
    const text = `LOSS= lets rows of ${id} be lost, and nobody has approved that: ${approval.reasons.join("; ")}. Somebody else than its author may approve it`;
    return [{ text, next: approve(id) }];
  });
}

/** LOSS= as a person writes it: `9c1b0d2f:12`, several with commas; or what cannot be read. */
export function readLoss(
  text: string | undefined,
): { ok: true; loss: ReadonlyMap<string, number> } | { ok: false; reason: string } {
  const loss = new Map<string, number>();
  const unread = (text ?? "").split(",").filter((part) => {
    const [, id, rows] = /^\s*([0-9a-z_]{1,32}):(\d{1,12})\s*$/.exec(part) ?? [];
    if (id !== undefined) loss.set(id, Number(rows));
    return id === undefined && part.trim() !== "";
  });
  if (unread.length === 0) return { ok: true, loss };
  const reason = `LOSS= has \`${unread.join(",")}\`; allowed is <revision>:<rows>, as in 9c1b0d2f:12, several with commas.`;
  return { ok: false, reason };
}
