import type { Release } from "../stack/config";

/** What a revision's file says of itself, for the questions that are asked before it runs. Alembic runs the file; this only reads it. */

/** What decides whether a revision may simply run. */
export interface RevisionText {
  revision: string;
  /** The revision before it; undefined for the first. */
  down?: string;
  /** Whether its downgrade brings back what was there; undefined: it does not say, or says it twice. */
  reversible?: boolean;
  /** expand, backfill, enforce, contract or data; "" where it does not say. */
  kind: string;
  /** What people notice of it, in words; "" where it does not say. */
  impact: string;
}

/** Values that a module assigns to `name` at its top level, as they are written. */
const assigned = (text: string, name: string): string[] =>
  [...text.matchAll(new RegExp(`^${name}(?:\\s*:[^=\\n]+)?\\s*=\\s*(.+?)\\s*(?:#.*)?$`, "gm"))].map(
    ([, value = ""]) => value,
  );

const quotedText = /^(["'])(.*)\1$/;

/** Reads a revision's text; undefined when it is none, or has more than one revision before it. */
export function readRevisionText(text: string): RevisionText | undefined {
  const single = (name: string) => {
    const values = assigned(text, name);
    return values.length === 1 ? values[0] : undefined;
  };
  const id = quotedText.exec(single("revision") ?? "")?.[2];
  const before = single("down_revision");
  const down = quotedText.exec(before ?? "")?.[2];
  if (!id || (before !== "None" && !down)) return undefined;
  const reversible = { True: true, False: false }[single("reversible") ?? ""];
  return {
    revision: id,
    ...(down ? { down } : {}),
    ...(reversible === undefined ? {} : { reversible }),
    kind: quotedText.exec(single("kind") ?? "")?.[2] ?? "",
    impact: assigned(text, "impact").join(" "),
  };
}

/**
 * Whether running it takes something away for good. An expand never does, even where its downgrade would lose what was
 * written since: that is asked on the way down. Undefined: it does not say.
 */
export const isIrreversible = ({ reversible, kind }: RevisionText): boolean | undefined =>
  reversible === undefined ? undefined : !reversible && kind !== "expand";

/** Whether the impact names guardians, who then are told before. */
export const affectsGuardians = (impact: string): boolean => /guardian/i.test(impact);

/** The irreversible revisions that an upgrade would run, oldest first; or why that cannot be said. */
export type OnTheWay = { ok: true; revisions: RevisionText[] } | { ok: false; reasons: string[] };

/** Which irreversible revisions run when the database goes from `from` (undefined: none has run) up to `to`. */
export function irreversibleBetween(
  from: string | undefined,
  to: string,
  known: ReadonlyMap<string, RevisionText>,
): OnTheWay {
  const found: RevisionText[] = [];
  const reasons: string[] = [];
  const seen = new Set<string>();
  for (let at: string | undefined = to; at !== from;) {
    const one: RevisionText | undefined = at === undefined ? undefined : known.get(at);
    if (at === undefined || seen.has(at))
      return { ok: false, reasons: [`revision ${to} does not come after ${from}, where the database is`] };
    if (!one)
      return {
        ok: false,
        reasons: [`revision ${at} has no file in migrations/revisions, so it is not known what it does`],
      };
    seen.add(at);
    const irreversible = isIrreversible(one);
    if (irreversible === undefined)
      reasons.push(`revision ${at} does not say \`reversible = True\` or \`reversible = False\`, once`);
    else if (irreversible) found.unshift(one);
    at = one.down;
  }
  return reasons.length > 0 ? { ok: false, reasons } : { ok: true, revisions: found };
}

/**
 * The upgrade that an update makes of the published release, if it makes one. On a stack whose database has never been
 * migrated there is nothing yet that could be lost.
 */
export function upgradeOf(
  published: Release | undefined,
  next: Release,
): { from: string; to: string } | undefined {
  const from = published?.migration?.revision;
  const { revision: to, downgradeFrom } = next.migration ?? {};
  if (from === undefined || to === undefined || from === to || downgradeFrom !== undefined) return undefined;
  return published?.serial === next.serial ? undefined : { from, to };
}
