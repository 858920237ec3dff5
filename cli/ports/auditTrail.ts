import type { AuditEvent, AuditHead } from "../../decisions/audit/auditChain";
import { connect, readDatabaseUrl } from "./database";

/** One record on its way into the `reporting` schema; its id is the spool's. */
export interface AuditRecord {
  /** ISO time at which it happened. */
  at: string;
  kind: "command" | "update" | "incident";
  stack: string;
  actor: string;
  body: {
    /** Updates of stack history that it is about. */
    updates?: { update: string; message: string; result: string }[];
    /** What happened in an incident; the first record with an id opens it. */
    incident?: IncidentRecord;
    [fact: string]: unknown;
  };
}

/** What happened in an incident. */
export interface IncidentRecord {
  id: string;
  cause: string;
  title: string;
  source: "alarm" | "ticket" | "rollback";
  state: string;
  /** Operation (lease id) whose newest update belongs to it; made into `update` when the record is delivered. */
  operation?: string | undefined;
  /** Update of stack history that belongs to it; must be known to the records. */
  update?: string;
  body?: Record<string, unknown>;
}

/** One entry of an incident, as it is read. */
export type IncidentEntry = Pick<IncidentRecord, "title" | "cause" | "source" | "state"> &
  Pick<ReadEvent, "at" | "actor" | "body">;

/** One event as people read it. */
export interface ReadEvent {
  number: number;
  at: string;
  kind: string;
  actor: string;
  body: Record<string, unknown>;
}

/** The schema `reporting` of the stack's database. */
export interface AuditTrail {
  /** Appends a record; the same id again appends nothing. Returns the event's place. */
  append(id: string, record: AuditRecord): Promise<AuditHead>;
  /** Names of the updates that are recorded. */
  updates(stack: string): Promise<Set<string>>;
  /** Every event in the order of its numbers, some at a time. */
  events(): AsyncGenerator<AuditEvent[]>;
  /** An incident's entries, the oldest first. */
  entries(incident: string): Promise<IncidentEntry[]>;
  /** A stack's events from one time to another, the oldest first, at most {@link mostBetween}. */
  between(stack: string, from: Date, to: Date): Promise<ReadEvent[]>;
  end(): Promise<void>;
}

/** Events that are read at once. */
const page = 5_000;

/** Most events of one look at a time span: a post-mortem that needs more is about something else. */
const mostBetween = 2_000;

/** Opens the schema at `url`. Throws where there is no database, or no schema in it yet. */
export async function openAuditTrail(url: string): Promise<AuditTrail> {
  // The server's limit says what took too long; this machine's own ends the wait for a server that is not there any more.
  const client = await connect(
    { ...readDatabaseUrl(url), connectionTimeoutMillis: 4_000, query_timeout: 20_000 },
    "the records",
  );
  await client.query("SET statement_timeout = '15s'");
  return {
    async append(id, { at, kind, stack, actor, body }) {
      const { rows } = await client.query<{ number: string; hash: string }>(
        "SELECT number, hash FROM reporting.append($1, $2, $3, $4, $5, $6)",
        [id, at, kind, stack, actor, JSON.stringify(body)],
      );
      return { number: Number(rows[0]?.number), hash: rows[0]?.hash ?? "" };
    },
    async updates(stack) {
      const { rows } = await client.query<{ update: string }>(
        "SELECT update FROM reporting.stack_update WHERE stack = $1",
        [stack],
      );
      return new Set(rows.map(({ update }) => update));
    },
    async *events() {
      for (let after = "0"; ;) {
        const { rows } = await client.query<AuditEvent & { number: string }>(
          `SELECT number, id, reporting.utc(at) AS at, kind, stack, actor, body::text AS body, previous, hash
           FROM reporting.audit_event WHERE number > $1 ORDER BY number LIMIT ${page}`,
          [after],
        );
        const last = rows.at(-1);
        if (!last) return;
        after = String(last.number);
        yield rows.map((row) => ({ ...row, number: Number(row.number) }));
      }
    },
    async entries(incident) {
      const { rows } = await client.query<IncidentEntry>(
        `SELECT one.title, one.cause, one.source, reporting.utc(entry.at) AS at, entry.state, event.actor, entry.body
         FROM reporting.incident_entry AS entry JOIN reporting.incident AS one ON one.id = entry.incident
         JOIN reporting.audit_event AS event ON event.number = entry.audit_number
         WHERE entry.incident = $1 ORDER BY entry.audit_number`,
        [incident],
      );
      return rows;
    },
    async between(stack, from, to) {
      const { rows } = await client.query<ReadEvent & { number: string }>(
        `SELECT number, reporting.utc(at) AS at, kind, actor, body FROM reporting.audit_event
         WHERE stack = $1 AND at BETWEEN $2 AND $3 ORDER BY at, number LIMIT ${mostBetween}`,
        [stack, from.toISOString(), to.toISOString()],
      );
      return rows.map((row) => ({ ...row, number: Number(row.number) }));
    },
    end: () => client.end(),
  };
}
