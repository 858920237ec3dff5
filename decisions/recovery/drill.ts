import { DateTime } from "luxon";
import { z } from "zod";

/** Judges a drill: whether exactly what was committed at the target came back. */

/** One table at one moment. */
export interface TableState {
  /** Schema and table, `public.pupils`. */
  name: string;
  rows: number;
  /** Sum of the rows' hashes, whatever their order. */
  checksum: string;
}

/** A row written to prove where recovery stopped. */
export interface Marker {
  id: string;
  /** Database's clock when it was written, ISO. */
  at: string;
}

/** What is compared of a database. */
export interface DatabaseState {
  /** Alembic revision; "" where there is none. */
  revision: string;
  /** Hash of the catalog: tables, columns, constraints, indexes, views, functions, triggers, types. */
  fingerprint: string;
  tables: readonly TableState[];
  markers: readonly Marker[];
}

const finding = z.object({
  check: z.enum(["recovery", "markers", "revision", "schema", "tables"]),
  ok: z.boolean(),
  detail: z.string(),
});
/** One thing that a drill looked at. */
export type Finding = z.infer<typeof finding>;

/** Markers so near to the target that their commit may lie on either side are not counted, milliseconds. */
export const markerSlack = 1000;

/** Ids that must have come back and ids that must not have. */
export interface ExpectedMarkers {
  present: string[];
  absent: string[];
}

/**
 * Which markers a restore to `target` must bring back: those before it and none after it. `own` are the two of this drill,
 * written on both sides of the target, whose side is known to the microsecond.
 */
export function expectedMarkers(
  all: readonly Marker[],
  target: string,
  own?: { before: string; after: string },
): ExpectedMarkers {
  const at = DateTime.fromISO(target).toMillis();
  const distance = (marker: Marker) => DateTime.fromISO(marker.at).toMillis() - at;
  const others = all.filter(({ id }) => id !== own?.before && id !== own?.after);
  const before = others.filter((marker) => distance(marker) < -markerSlack);
  const after = others.filter((marker) => distance(marker) > markerSlack);
  return {
    present: [...(own ? [own.before] : []), ...before.map(({ id }) => id)],
    absent: [...(own ? [own.after] : []), ...after.map(({ id }) => id)],
  };
}

/** What the restored database is compared with. */
export interface Expectation {
  markers: ExpectedMarkers;
  /** The live database as it was at the target; absent for a target in the past, of which nobody kept that. */
  state?: Pick<DatabaseState, "revision" | "fingerprint" | "tables">;
}

/** Every finding on a restored database. The drill is passed when all are ok. */
export function judgeDrill({ markers, state }: Expectation, restored: DatabaseState): Finding[] {
  const judgedMarkers = judgeMarkers(markers, restored.markers);
  if (!state) return [judgedMarkers];
  return [
    judgedMarkers,
    judgeEqual("revision", "revision", restored.revision, state.revision),
    judgeEqual("schema", "fingerprint", restored.fingerprint, state.fingerprint),
    judgeTables(state.tables, restored.tables),
  ];
}

function judgeEqual(check: Finding["check"], what: string, restored: string, live: string): Finding {
  const ok = restored === live;
  const short = (text: string) => (what === "fingerprint" ? text.slice(0, 12) : text) || "none";
  const detail = ok
    ? `${what} ${short(live)}`
    : `${what} ${short(restored)} came back, it was ${short(live)}`;
  return { check, ok, detail };
}

function judgeMarkers({ present, absent }: ExpectedMarkers, found: readonly Marker[]): Finding {
  const ids = new Set(found.map(({ id }) => id));
  const lost = present.filter((id) => !ids.has(id));
  const extra = absent.filter((id) => ids.has(id));
  const issues: string[] = [];
  if (lost.length > 0)
    issues.push(`${lost.length} of ${present.length} written before the target are missing`);
  if (extra.length > 0) issues.push(`${extra.length} of ${absent.length} written after the target came back`);
  if (present.length === 0)
    issues.push("no marker lies before the target, so nothing shows that its data came back");
  if (absent.length === 0)
    issues.push("no marker lies after the target, so nothing shows that recovery stopped there");
  const all = `exactly the ${present.length} written before the target came back, none of ${absent.length} after it`;
  return { check: "markers", ok: issues.length === 0, detail: issues.join("; ") || all };
}

function judgeTables(expected: readonly TableState[], restored: readonly TableState[]): Finding {
  const byName = new Map(restored.map((table) => [table.name, table]));
  const wanted = new Set(expected.map(({ name }) => name));
  const issues = [
    ...expected.flatMap(({ name, rows, checksum }) => {
      const found = byName.get(name);
      if (!found) return [`${name} is missing`];
      if (found.rows !== rows) return [`${name} has ${found.rows} rows, it had ${rows}`];
      return found.checksum === checksum ? [] : [`${name} has other contents in its ${rows} rows`];
    }),
    ...restored.filter(({ name }) => !wanted.has(name)).map(({ name }) => `${name} was not there`),
    ...(expected.length === 0 ? ["no table was compared"] : []),
  ];
  const same = `${expected.length} tables with ${rowsIn(expected)} rows are the same`;
  return { check: "tables", ok: issues.length === 0, detail: issues.join("; ") || same };
}

/** Rows of all tables. */
export const rowsIn = (tables: readonly TableState[]): number =>
  tables.reduce((sum, { rows }) => sum + rows, 0);

/** A drill's evidence, as its parameter holds it. */
export const drillRecord = z.object({
  /** Whether every finding was ok. */
  ok: z.boolean(),
  /** When it ended, ISO. */
  at: z.iso.datetime({ offset: true }),
  /** Time that was restored, ISO; "" where the drill did not get that far. */
  target: z.string().default(""),
  /** Where from: `rds` or `archive`. */
  source: z.string().default(""),
  actor: z.string().default(""),
  findings: z.array(finding).default([]),
  /** From the order to restore until the copy answered queries, seconds. */
  recoverySeconds: z.number().optional(),
  /** How far behind now the newest restorable instant was when the drill began, seconds. */
  recoveryPointSeconds: z.number().optional(),
  /** Rows whose contents were compared. */
  rowsChecked: z.number().optional(),
});
export type DrillRecord = z.infer<typeof drillRecord>;

/** Drills of a stack as its parameters keep them. */
export interface Drills {
  /** The newest one, whatever came of it. */
  last?: DrillRecord | undefined;
  /** The newest that passed. */
  passed?: DrillRecord | undefined;
}
