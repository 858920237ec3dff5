import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { type AuditEvent, type AuditHead } from "../decisions/audit/auditChain";
import { auditIssues } from "../decisions/audit/auditIssues";
import { openAuditTrail } from "../cli/ports/auditTrail";
import { startCluster } from "./drill/cluster";

/** How long `make audit-verify` takes to read and check 100,000 events of a real PostgreSQL, whole and tampered with. */

const rows = 100_000;
const rounds = 5;
/** The bar, seconds. */
const limitSeconds = 10;

const seconds = (from: number): number => Math.round(performance.now() - from) / 1000;

/** Ways to tamper, by the kind of fault that has to be named. */
const tampers: Record<string, (events: AuditEvent[]) => AuditEvent[]> = {
  changed: (events) =>
    events.map((event) => (event.number === rows / 2 ? { ...event, actor: "eve" } : event)),
  missing: (events) => events.filter(({ number }) => number !== rows / 2),
  inserted: (events) => {
    const forged = { ...events[0]!, number: 0, hash: "forged" };
    const longer = [...events.slice(0, rows / 2), forged, ...events.slice(rows / 2)];
    return longer.map((event, index) => ({ ...event, number: index + 1 }));
  },
  reordered: (events) => {
    const moved = [...events];
    [moved[10], moved[20]] = [
      { ...events[20]!, number: 11 },
      { ...events[10]!, number: 21 },
    ];
    return moved;
  },
  cut: (events) => events.slice(0, rows - 10),
};

/** Measures, and writes `bench/results/audit.json`. */
export async function audit(): Promise<void> {
  const cluster = await startCluster("audit");
  try {
    const { host, port, user, database } = cluster.live;
    const url = `postgresql://${user as string}@${host as string}:${port as number}/${database as string}`;
    execFileSync("alembic", ["-c", "reporting/alembic.ini", "upgrade", "head"], {
      env: { ...process.env, DATABASE_URL: url },
      stdio: ["ignore", "ignore", "inherit"],
      timeout: 60_000,
    });
    const client = new Client({ connectionString: url });
    await client.connect();
    const filled = performance.now();
    await client.query(
      `SELECT reporting.append(gen_random_uuid(), now(), 'command', 'prod', 'bench',
         json_build_object('command', 'status', 'exitCode', 0, 'n', n)) FROM generate_series(1, ${rows}) AS n`,
    );
    await client.end();
    const fillSeconds = seconds(filled);
    const times: number[] = [];
    let events: AuditEvent[] = [];
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      events = [];
      const trail = await openAuditTrail(url);
      for await (const some of trail.events()) events.push(...some);
      await trail.end();
      const faults = auditIssues(events, headOf(events));
      times.push(seconds(started));
      if (faults.length > 0) throw new Error(`a whole trail has faults: ${faults[0]?.text ?? ""}`);
    }
    const tampered = Object.entries(tampers).map(([kind, tamper]) => {
      const changed = tamper(events);
      const started = performance.now();
      const faults = auditIssues(changed, headOf(events));
      const named = [...new Set(faults.map((fault) => fault.kind))];
      if (String(named) !== kind) throw new Error(`${kind} is named ${String(named)}`);
      return { kind, named, checkSeconds: seconds(started) };
    });
    const sorted = times.toSorted((one, two) => one - two);
    write({
      rows: events.length,
      rounds,
      limitSeconds,
      seconds: sorted[Math.floor(rounds / 2)],
      secondsWorst: sorted.at(-1),
      fillSeconds,
      tampered,
    });
  } finally {
    await cluster.end();
  }
}

function headOf(events: readonly AuditEvent[]): AuditHead {
  const last = events.at(-1);
  return { number: last?.number ?? 0, hash: last?.hash ?? "" };
}

function write(result: object): void {
  const file = join(process.cwd(), "bench", "results", "audit.json");
  mkdirSync(join(process.cwd(), "bench", "results"), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(result, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
