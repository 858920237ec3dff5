import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AuditEvent, type AuditHead } from "../../decisions/audit/auditChain";
import { auditIssues } from "../../decisions/audit/auditIssues";
import { databaseRoles, grantsOf, type DatabaseRole } from "../../decisions/database/databaseRoles";
import { openAuditTrail, type AuditRecord } from "../../cli/ports/auditTrail";
import { createSpool } from "../../cli/audit/spool";
import { postgresqlProvider } from "../../rehearsal/standins/providers/postgresql/provider";
import type { Call } from "../../rehearsal/standins/providers/provider";
import type { Props } from "../../rehearsal/standins/providers/wire";
import { interruptPostgres, startPostgres, stopPostgres } from "../../rehearsal/harness/machine/postgres";

/** Records in a real PostgreSQL that is stopped, killed and tampered with. */

let home: string;
let url: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "records-"));
  url = startPostgres(home, await freePort(), ["records"])("records");
  for (const role of Object.keys(databaseRoles) as DatabaseRole[])
    await make("role:Role", { name: nameOf(role), login: false, skipDropRole: true });
  execFileSync("alembic", ["-c", "reporting/alembic.ini", "upgrade", "head"], {
    env: { ...process.env, DATABASE_URL: url },
    timeout: 60_000,
    stdio: "pipe",
  });
}, 120_000);
afterAll(() => {
  stopPostgres(home);
  rmSync(home, { recursive: true, force: true });
});

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

const nameOf = (role: DatabaseRole): string => databaseRoles[role]("school");

/** Makes one resource as the program declares it, and updates it to the same. */
async function make(type: string, inputs: Record<string, unknown>): Promise<void> {
  const provider = postgresqlProvider();
  const config = { host: "127.0.0.1", port: new URL(url).port, username: "school" };
  const call = { type: `postgresql:index/${type}`, name: "one", config } as unknown as Call;
  const { failures } = provider.check(call, inputs as Props, undefined, new Uint8Array());
  expect(failures).toEqual([]);
  await provider.create(call, inputs as Props);
  await provider.update(call, "again", inputs as Props, inputs as Props);
}

async function grant(group: Parameters<typeof grantsOf>[0]): Promise<void> {
  for (const { role, key: _, owner, ...rest } of grantsOf(group))
    await make(owner ? "defaultPrivileges:DefaultPrivileges" : "grant:Grant", {
      ...rest,
      database: "records",
      role: nameOf(role),
      ...(owner ? { owner: nameOf(owner) } : {}),
    });
}

const record = (number: number): AuditRecord => ({
  at: new Date(Date.UTC(2026, 10, 24) + number).toISOString(),
  kind: "command",
  stack: "prod",
  actor: "ada",
  body: { number },
});

const all = async (): Promise<AuditEvent[]> => {
  const trail = await openAuditTrail(url);
  const events: AuditEvent[] = [];
  for await (const some of trail.events()) events.push(...some);
  await trail.end();
  return events;
};

describe("the roles of the database", () => {
  it("let each do what it needs and nothing else, made by what the program declares", async () => {
    await grant("application");
    await grant("records");
    const client = new Client({ connectionString: url });
    await client.connect();
    const as = async (role: DatabaseRole, sql: string) => {
      await client.query(`SET ROLE ${nameOf(role)}`);
      return client.query(sql).then(
        () => "may",
        (error: Error) => error.message,
      );
    };
    const append = "SELECT reporting.append(gen_random_uuid(), now(), 'command', 'roles', 'ada', '{}')";
    try {
      await client.query("BEGIN");
      expect(await as("writer", append)).toBe("may");
      expect(await as("writer", "SELECT 1 FROM reporting.audit_event")).toBe("may");
      expect(await as("migrator", "CREATE TABLE made (id int)")).toBe("may");
      expect(await as("application", "INSERT INTO made VALUES (1)")).toBe("may");
      await client.query("RESET ROLE; ROLLBACK");
      expect(await as("writer", "INSERT INTO reporting.incident VALUES ('i')")).toMatch(/permission denied/);
      expect(await as("writer", "DELETE FROM reporting.audit_event")).toMatch(/permission denied/);
      expect(await as("reader", "SELECT 1 FROM reporting.incident")).toBe("may");
      expect(await as("reader", append)).toMatch(/permission denied/);
      expect(await as("application", "SELECT 1 FROM reporting.audit_event")).toMatch(/permission denied/);
      expect(await as("application", "CREATE TABLE made (id int)")).toMatch(/permission denied/);
    } finally {
      await client.end();
    }
  }, 60_000);
});

describe("records", () => {
  it("all arrive, once and in order, while the database is killed and started at random", async () => {
    const count = 1_000;
    const spool = createSpool(join(home, "spool"));
    /** One attempt to deliver, as a command makes it at its end. */
    const deliver = async () => {
      const trail = await openAuditTrail(url).catch(() => undefined);
      if (!trail) return;
      await spool.flush(async (content, id) => void (await trail.append(id, content as AuditRecord)));
      await trail.end().catch(() => undefined);
    };
    let isWriting = true;
    let interruptions = 0;
    const outage = async () => {
      while (isWriting) {
        interruptPostgres(home, "stop");
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
        interruptPostgres(home, "start");
        interruptions++;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
      }
    };
    const outages = outage();
    for (let number = 0; number < count; number++) {
      spool.add(record(number));
      if (Math.random() < 0.1) await deliver();
    }
    isWriting = false;
    await outages;
    for (let attempt = 0; attempt < 5 && spool.waiting().length > 0; attempt++) await deliver();
    const numbers = (await all()).map(({ body }) => (JSON.parse(body) as { number: number }).number);
    expect(numbers).toEqual(Array.from({ length: count }, (_, number) => number));
    expect(interruptions).toBeGreaterThan(1);
  }, 240_000);

  it("hang together, and each kind of tampering is named", async () => {
    const whole = await all();
    const last = whole.at(-1)!;
    const head: AuditHead = { number: last.number, hash: last.hash };
    expect(auditIssues(whole, head)).toEqual([]);
    const tampered = async (...statements: string[]) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      try {
        // Only the owner can do this, and then puts everything back.
        await client.query("BEGIN; ALTER TABLE reporting.audit_event DISABLE TRIGGER USER");
        for (const statement of statements) await client.query(statement);
        const { rows } = await client.query<AuditEvent>(
          `SELECT number::int AS number, id, reporting.utc(at) AS at, kind, stack, actor, body::text AS body,
             previous, hash FROM reporting.audit_event ORDER BY number`,
        );
        return auditIssues(rows, head).map(({ kind, number }) => `${kind} ${number}`);
      } finally {
        await client.query("ROLLBACK");
        await client.end();
      }
    };
    const table = "reporting.audit_event";
    expect(await tampered(`UPDATE ${table} SET actor = 'eve' WHERE number = 500`)).toEqual(["changed 500"]);
    expect(await tampered(`DELETE FROM ${table} WHERE number = 500`)).toEqual(["missing 500"]);
    expect(await tampered(`DELETE FROM ${table} WHERE number > 990`)).toEqual(["cut 1000"]);
    const swap = await tampered(
      `UPDATE ${table} SET number = -1 WHERE number = 500`,
      `UPDATE ${table} SET number = 500 WHERE number = 501`,
      `UPDATE ${table} SET number = 501 WHERE number = -1`,
    );
    expect(swap).toEqual(["reordered 500", "reordered 501"]);
    const put = await tampered(
      `UPDATE ${table} SET number = number + 10000 WHERE number >= 500`,
      `UPDATE ${table} SET number = number - 9999 WHERE number > 10000`,
      `INSERT INTO ${table} SELECT 500, gen_random_uuid(), at, recorded_at, kind, stack, 'eve', body, previous, 'forged' FROM ${table} WHERE number = 501`,
    );
    expect(put).toEqual(["inserted 500"]);
  }, 60_000);
});
