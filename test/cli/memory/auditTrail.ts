import { afterEach } from "vitest";
import type { AuditRecord, AuditTrail, IncidentEntry, ReadEvent } from "../../../cli/ports/auditTrail";
import { eventHash, type AuditEvent, type AuditHead } from "../../../decisions/audit/auditChain";

interface Entry extends IncidentEntry {
  incident: string;
}

const states = ["opened", "detected", "stabilized", "told", "mitigated", "resolved", "closed", "note"];

/** What the database says where it rejects the data itself. */
const rejected = (message: string, code = "23503") => Object.assign(new Error(message), { code });

/** The schema `reporting` in memory: it appends as `reporting.append` does, and outlives the connections to it. */
class MemoryTrail implements AuditTrail {
  readonly rows: AuditEvent[] = [];
  readonly incidentEntries: Entry[] = [];
  readonly known = new Map<string, Set<string>>();
  /** Why nobody can connect. */
  away: Error | undefined;
  /** What the next appends do beforehand, or with `true` afterwards: throw, or never end. */
  readonly failing: { isAfter?: boolean; fail: () => Promise<void> | void }[] = [];
  connections = 0;

  async append(id: string, record: AuditRecord): Promise<AuditHead> {
    const failing = this.failing.shift();
    if (failing && !failing.isAfter) await failing.fail();
    const head = this.add(id, structuredClone(record));
    if (failing?.isAfter) await failing.fail();
    return head;
  }

  private add(id: string, { at, kind, stack, actor, body }: AuditRecord): AuditHead {
    const same = this.rows.find((row) => row.id === id);
    if (same) return { number: same.number, hash: same.hash };
    if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id)) throw rejected(`${id} is no uuid`, "22P02");
    const updates = this.known.get(stack) ?? new Set();
    const { incident } = body;
    const own = (body.updates ?? []).map(({ update }) => update);
    if (incident?.update !== undefined && !updates.has(incident.update) && !own.includes(incident.update))
      throw rejected("violates foreign key constraint incident_entry_stack_update_fkey");
    if (incident && !states.includes(incident.state)) throw new Error(`no such state: ${incident.state}`);
    const last = this.rows.at(-1);
    const row: AuditEvent = {
      number: (last?.number ?? 0) + 1,
      id,
      at: new Date(at).toISOString().replace("Z", "000Z"),
      kind,
      stack,
      actor,
      body: JSON.stringify(body),
      previous: last?.hash ?? "",
      hash: "",
    };
    row.hash = eventHash(row);
    this.rows.push(row);
    this.known.set(stack, new Set([...updates, ...own]));
    if (incident) {
      const { title, cause, source } =
        this.incidentEntries.find((one) => one.incident === incident.id) ?? incident;
      const { state, body: said = {} } = JSON.parse(JSON.stringify(incident)) as typeof incident;
      this.incidentEntries.push({
        incident: incident.id,
        title,
        cause,
        source,
        at: row.at,
        state,
        actor,
        body: said,
      });
    }
    return { number: row.number, hash: row.hash };
  }

  updates = async (stack: string): Promise<Set<string>> => new Set(this.known.get(stack));

  async *events(): AsyncGenerator<AuditEvent[]> {
    // Two at a time, so that a reader of several pages is tested too.
    for (let first = 0; first < this.rows.length; first += 2) yield this.rows.slice(first, first + 2);
  }

  entries = async (incident: string): Promise<IncidentEntry[]> =>
    this.incidentEntries.filter((one) => one.incident === incident);

  async between(stack: string, from: Date, to: Date): Promise<ReadEvent[]> {
    return this.rows
      .filter((row) => row.stack === stack && new Date(row.at) >= from && new Date(row.at) <= to)
      .map((row) => ({ ...row, body: JSON.parse(row.body) as Record<string, unknown> }))
      .toSorted((one, two) => one.at.localeCompare(two.at));
  }

  end = async (): Promise<void> => void this.connections--;

  /** What was recorded, oldest first: `<kind> <command or state>`. */
  told = (): string[] =>
    this.rows.map(({ kind, body }) => {
      const { command, incident, message } = JSON.parse(body) as AuditRecord["body"];
      return `${kind} ${kind === "incident" ? incident?.state : String(kind === "update" ? message : command)}`;
    });
}

/** The records of this test. */
export let records = new MemoryTrail();
afterEach(() => void (records = new MemoryTrail()));

/** Stands in for the port's function, by `vi.mock`. */
export async function openAuditTrail(): Promise<AuditTrail> {
  if (records.away) throw records.away;
  records.connections++;
  return records;
}
