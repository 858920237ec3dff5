import { createHash } from "node:crypto";
import { lineage, type RevisionGraph } from "./revisionGraph";
import type { Missing } from "../approval/evidence";
import type { ProvedRevision } from "./revisionProof";

/** What a schema consists of, as migrations/catalog.sql asks for it, and how a live one differs from a proved one. */

/** Object -> definition: `column public.guardians.full_name` -> `text not null …`. */
export type Catalog = ReadonlyMap<string, string>;

/** The hash of a catalog; migrations/fingerprint.py computes the same. */
export function fingerprintOf(catalog: Catalog): string {
  const whole = createHash("sha256");
  const bytes = (text: string) => Buffer.from(text);
  // By code points, as Python sorts; JavaScript's own order is by UTF-16 units.
  for (const [name, definition] of [...catalog].sort(([a], [b]) => Buffer.compare(bytes(a), bytes(b))))
    whole.update(`${name}\0${definition}\0`);
  return whole.digest("hex");
}

/** The catalog that a revision was proved with, or why it cannot be told. */
export type ProvedCatalog = { ok: true; catalog: Catalog; postgres: number } | Missing;

/**
 * The catalog at `revision`: what each revision up to it makes of the one before, by their proofs. Whether that adds up to
 * the hash in its own proof is asked as well, for an earlier one may have been proved anew since.
 */
export function provedCatalog(
  graph: RevisionGraph,
  revision: string,
  proofOf: (revision: string) => ProvedRevision["proof"],
): ProvedCatalog {
  const known = lineage(graph, revision);
  const checkOut =
    "Check out the commit that has every revision in migrations/revisions, then run the command again.";
  if (!known.ok) return { ok: false, reasons: known.reasons, next: checkOut };
  const reasons: string[] = [];
  const catalog = new Map<string, string>();
  let last: { fingerprint: string; postgres: number } | undefined;
  for (const id of known.revisions) {
    const proof = proofOf(id);
    if (!proof.ok) {
      reasons.push(`${id} is not proved: ${proof.reasons.join("; ")}`);
      continue;
    }
    for (const [name, definition] of Object.entries(proof.details.catalog))
      if (definition === null) catalog.delete(name);
      else catalog.set(name, definition);
    last = proof.details;
  }
  if (reasons.length === 0 && last?.fingerprint !== fingerprintOf(catalog))
    reasons.push(`the proofs of ${known.revisions.join(", ")} do not fit one another`);
  if (!last || reasons.length > 0)
    return { ok: false, reasons, next: "Run `make prove-migrations` and commit evidence/proof." };
  return { ok: true, catalog, postgres: last.postgres };
}

/** One object that is not as it was proved. */
export interface Difference {
  object: string;
  /** Its definition by the proof; absent: no revision has it. */
  expected?: string | undefined;
  /** Its definition in the database; absent: it is not there. */
  found?: string | undefined;
}

/** The platform gives grants and extensions of its own: more of them than the revisions give are no fault. */
const mayBeMore = (object: string): boolean => /^(grant|extension) /.test(object);

/** Every object that differs, in the order of their names. */
export function differences(proved: Catalog, live: Catalog): Difference[] {
  const names = new Set([...proved.keys(), ...live.keys()]);
  return [...names].sort().flatMap((object) => {
    const [expected, found] = [proved.get(object), live.get(object)];
    return expected === found || (expected === undefined && mayBeMore(object))
      ? []
      : [{ object, expected, found }];
  });
}

/** Schemas in which objects of these catalogs are: only there is looked. */
export function schemasOf(catalogs: Iterable<Readonly<Record<string, string | null>>>): string[] {
  const names = [...catalogs].flatMap((catalog) => Object.keys(catalog));
  const found = names.flatMap((name) => /^schema (.+)$/.exec(name)?.[1] ?? []);
  const plain = found.map((schema) => schema.replace(/^"(.*)"$/, "$1").replaceAll('""', '"'));
  return [...new Set(plain)].sort();
}

/** Differences that are named; there are more where a whole revision is missing. */
const mostNamed = 12;

/** Lines for people: object, what was proved, what was found. */
export function describeDifferences(found: readonly Difference[]): string[] {
  const or = (definition: string | undefined) =>
    definition === undefined ? "none" : `\`${short(definition)}\``;
  const lines = found
    .slice(0, mostNamed)
    .map((one) => `${one.object}: expected is ${or(one.expected)}, found is ${or(one.found)}`);
  return found.length > mostNamed ? [...lines, `and ${found.length - mostNamed} more`] : lines;
}

/** A definition on one line, at most 160 characters: a function's may be a page. */
function short(definition: string): string {
  const line = definition.replace(/\s+/g, " ").trim();
  return line.length > 160 ? `${line.slice(0, 157)}...` : line || "there";
}

/** What a live database says of itself. */
export interface LiveSchema {
  /** Alembic's version table: one revision, none where the database was never migrated. */
  revisions: readonly string[];
  catalog: Catalog;
  /** Major version of the server. */
  postgres: number;
}

/** Why a database is not the one that was proved at `revision`; empty where it is. */
export function schemaIssues(
  revision: string,
  proved: ProvedCatalog,
  { revisions, catalog, postgres }: LiveSchema,
): string[] {
  const at = revisions.join(", ") || "nothing";
  if (at !== revision) return [`alembic_version: expected is ${revision}, found is ${at}`];
  if (!proved.ok)
    return proved.reasons.map((reason) => `what ${revision} should look like is not known: ${reason}`);
  const found = describeDifferences(differences(proved.catalog, catalog));
  if (found.length === 0 || postgres === proved.postgres) return found;
  const other = `the proof was made on PostgreSQL ${proved.postgres} and this is ${postgres}, which may say the same in other words: prove on ${postgres} (POSTGRES_BIN=) and commit evidence/proof`;
  return [...found, other];
}
