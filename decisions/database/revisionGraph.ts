import type { RevisionHeader } from "./revisionHeader";

/** Which revision builds on which: Alembic's ids have no order of their own. Merges, several heads and bases, depends_on. */
export interface RevisionGraph {
  revisions: ReadonlyMap<string, Builds>;
  /** Files and labels that could not be read: the reason why a revision may be missing. */
  issues: readonly string[];
}

/** What one revision builds on. */
interface Builds {
  /** Those before it on its own branch. */
  parents: readonly string[];
  /** Those of other branches, labels resolved. */
  dependsOn: readonly string[];
}

/** Revisions, each after those that it builds on; or why that cannot be told. */
export type Ordered = { ok: true; revisions: string[] } | { ok: false; reasons: string[] };

/** Where no file is known. */
export const emptyGraph: RevisionGraph = { revisions: new Map(), issues: [] };

/** @param issues of files that could not be read */
export function revisionGraph(
  headers: Iterable<Pick<RevisionHeader, "revision" | "parents"> & Partial<RevisionHeader>>,
  issues: readonly string[] = [],
): RevisionGraph {
  const all = [...headers];
  const labelled = new Map(
    all.flatMap(({ revision, branchLabels = [] }) => branchLabels.map((label) => [label, revision] as const)),
  );
  const revisions = all.map(({ revision, parents, dependsOn = [] }): [string, Builds] => [
    revision,
    { parents, dependsOn: dependsOn.map((id) => labelled.get(id) ?? id) },
  ]);
  return { revisions: new Map(revisions), issues };
}

const before = ({ parents, dependsOn }: Builds): string[] => [...parents, ...dependsOn];

/** A revision and all that it builds on, the oldest first. The same files give the same order. */
export function lineage({ revisions, issues }: RevisionGraph, to: string): Ordered {
  const done = new Set<string>();
  const missing = new Set<string>();
  const path: { id: string; open: string[] }[] = [];
  const enter = (id: string) => {
    const builds = revisions.get(id);
    if (builds) path.push({ id, open: before(builds).reverse() });
    else missing.add(`revision ${id}${path.length > 0 ? `, on which ${path.at(-1)?.id} builds,` : ""}`);
  };
  enter(to);
  for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
    const next = at.open.pop();
    if (next === undefined) {
      done.add(at.id);
      path.pop();
      continue;
    }
    const start = path.findIndex(({ id }) => id === next);
    if (start >= 0) {
      const circle = [...path.slice(start).map(({ id }) => id), next];
      return { ok: false, reasons: [`revisions build on each other in a circle: ${circle.join(" -> ")}`] };
    }
    if (!done.has(next)) enter(next);
  }
  if (missing.size === 0) return { ok: true, revisions: [...done] };
  const named = [...missing].map((what) => `${what} has no file in migrations/revisions`);
  return { ok: false, reasons: [...named, ...issues] };
}

/**
 * The revisions that a database at `from` (undefined: empty) has yet to take to have `to`, oldest first; none where it
 * has it already.
 */
export function pendingRevisions(graph: RevisionGraph, from: string | undefined, to: string): Ordered {
  if (from === to) return { ok: true, revisions: [] };
  const [wanted, there] = [lineage(graph, to), from === undefined ? undefined : lineage(graph, from)];
  if (!wanted.ok || !there) return wanted;
  if (!there.ok) return there;
  const has = new Set(there.revisions);
  return { ok: true, revisions: wanted.revisions.filter((id) => !has.has(id)) };
}

/** Whether a database that is at `at` has `wanted`: it is that revision, or one that it builds on. Unknown is no. */
export function hasRevision({ revisions }: RevisionGraph, at: string | undefined, wanted: string): boolean {
  const seen = new Set(at === undefined ? [] : [at]);
  for (const id of seen) for (const one of before(revisions.get(id) ?? noBuilds)) seen.add(one);
  return seen.has(wanted);
}

const noBuilds: Builds = { parents: [], dependsOn: [] };

/**
 * What a downgrade from `at` to `to` leaves there although `to` does not build on it: `alembic downgrade` takes away what
 * comes after `to`, and the other branches of a merge stay. Then the database is not at `to` alone.
 */
export function leftByDowngrade(graph: RevisionGraph, at: string, to: string): string[] {
  const [there, kept] = [lineage(graph, at), lineage(graph, to)];
  if (!there.ok || !kept.ok) return [];
  const gone = new Set<string>();
  for (const id of there.revisions) {
    const builds = graph.revisions.get(id) ?? noBuilds;
    if (builds.parents.includes(to) || before(builds).some((one) => gone.has(one))) gone.add(id);
  }
  return there.revisions.filter((id) => !gone.has(id) && !kept.revisions.includes(id));
}
