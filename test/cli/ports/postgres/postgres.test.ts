import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startCluster, type Cluster } from "../../../../bench/drill/cluster";
import { abortMigrations } from "../../../../cli/database/abortMigrations";
import { databaseUnreachable } from "../../../../cli/database/databaseUnreachable";
import { openAuditTrail, type AuditRecord } from "../../../../cli/ports/auditTrail";
import { connect, disconnect, readDatabaseUrl } from "../../../../cli/ports/database";
import { endSessions, migrationSession } from "../../../../cli/ports/postgres/sessions";
import type { Context } from "../../../../cli/shell/context";
import { fakeContext } from "../../fakes";

/** The ports to PostgreSQL on a real server. */
let cluster: Cluster;
let url: string;

beforeAll(async () => {
  cluster = await startCluster("ports");
  const { user = "", host = "", port = 0, database = "" } = cluster.live;
  url = `postgresql://${user}@${host}:${port}/${database}`;
}, 60_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await cluster.end();
});

describe("a connection", () => {
  it("reads an address in any driver's form, and refuses what is none without repeating it", () => {
    expect(readDatabaseUrl("postgresql+psycopg://ada:p%40ss@db:6543/school?sslmode=require")).toEqual({
      host: "db",
      port: 6543,
      user: "ada",
      password: "p@ss",
      database: "school",
      ssl: { rejectUnauthorized: false },
    });
    expect(readDatabaseUrl("postgres:///school?host=/run/postgresql&sslmode=verify-full")).toMatchObject({
      host: "/run/postgresql",
      port: 5432,
      ssl: { rejectUnauthorized: true },
    });
    expect(() => readDatabaseUrl("secret words")).toThrow(/^DATABASE_URL is no URL: postgresql:\/\/user/);
  });

  it("that cannot be made names the database and the address, without the password", async () => {
    const nobody = { ...cluster.live, port: 1, password: "hunter2" };
    const failure = await connect(nobody, "the copy").catch((error: unknown) => error as Error);
    expect(failure).toHaveProperty(
      "message",
      expect.stringMatching(/^cannot connect to the copy \(school@127\.0\.0\.1:1\/school\): .*ECONNREFUSED/),
    );
    expect(inspect(failure)).not.toContain("hunter2");
  });

  it("ends a query that is not answered in time, and says who did not answer", async () => {
    const client = await connect({ ...cluster.live, query_timeout: 200 }, "the live database");
    await expect(client.query("SELECT pg_sleep(20)")).rejects.toThrow(
      "the live database did not answer within 0.2 s",
    );
    await disconnect(client);
  });

  it("keeps the server's own error", async () => {
    const client = await connect(cluster.live, "the live database");
    await expect(client.query("SELECT nonsense")).rejects.toMatchObject({ code: "42703" });
    await disconnect(client);
  });
});

describe("a migration's sessions", () => {
  const migration = async () => {
    const client = await connect(cluster.live, "the live database");
    await client.query(`SET application_name = '${migrationSession}'`);
    return client;
  };

  it("are ended, all of them and nobody else's", async () => {
    const [one, two, own, other] = [
      await migration(),
      await migration(),
      await connect(cluster.live, "x"),
      await connect(cluster.live, "y"),
    ];
    const ended = await endSessions(own, migrationSession, 5);
    expect(ended).toHaveLength(2);
    await expect(one.query("SELECT 1")).rejects.toThrow();
    await expect(other.query("SELECT 1")).resolves.toHaveProperty("rowCount", 1);
    expect(await endSessions(own, migrationSession, 5)).toEqual([]);
    for (const client of [one, two, own, other]) await disconnect(client);
  });

  it("are ended by a rollback, which says so", async () => {
    vi.stubEnv("DATABASE_URL", url);
    const ctx = contextWith({ endMigrations: async () => ["migrate-2"] });
    const client = await migration();
    await abortMigrations(ctx);
    expect(ctx.output.said).toEqual([
      "ended the migration Job migrate-2",
      expect.stringMatching(/^ended the migration's database session \d+$/),
    ]);
    await disconnect(client);
  });
});

const contextWith = (cluster: object) => {
  const cloud = { routing: { traffic: "paused" as const }, healthy: 0, answer: () => ({}), sets: [] };
  return Object.assign(fakeContext(cloud), { cluster });
};

describe("where cluster or database do not answer", () => {
  it("a rollback says what it could not check and goes on", async () => {
    vi.stubEnv("DATABASE_URL", "postgresql://school@127.0.0.1:1/school");
    const ctx = contextWith({ endMigrations: () => Promise.reject(new Error("connect ECONNREFUSED")) });
    await abortMigrations(ctx);
    expect(ctx.output.said).toEqual([
      "could not check for running migration Jobs: connect ECONNREFUSED",
      expect.stringMatching(
        /^could not check whether a migration still has a database session: cannot connect/,
      ),
    ]);
  });

  it("an interrupted rollback does not go on", async () => {
    vi.stubEnv("DATABASE_URL", "postgresql://school@127.0.0.1:1/school");
    const ctx = contextWith({ endMigrations: () => Promise.reject(new Error("away")) });
    const stopped = Object.assign(ctx, { signal: AbortSignal.abort(new Error("interrupted")) });
    await expect(abortMigrations(stopped)).rejects.toThrow("interrupted");
  });

  it("a release that does not get ready is explained by the database, and by nothing where that answers", async () => {
    const ctx = contextWith({}) as Context;
    vi.stubEnv("DATABASE_URL", url);
    expect(await databaseUnreachable(ctx)).toBe("");
    vi.stubEnv("DATABASE_URL", "postgresql://school@127.0.0.1:1/school");
    expect(await databaseUnreachable(ctx)).toMatch(
      /^\nThe database does not answer, and no release gets ready without it .*`make pause.*` shows users a maintenance page/,
    );
  });

  it("a database that takes the connection and says nothing is not waited for beyond 5 s", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((done) => void silent.listen(0, "127.0.0.1", done));
    vi.stubEnv(
      "DATABASE_URL",
      `postgresql://school@127.0.0.1:${(silent.address() as AddressInfo).port}/school`,
    );
    expect(await databaseUnreachable(contextWith({}))).toBe(
      "\nCould not check within 5 s whether the database answers.",
    );
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it("the address comes from this shell, else from the stack's Secret, and one that lacks it is named", async () => {
    vi.stubEnv("DATABASE_URL", "");
    const asked: string[] = [];
    const secret = async (...words: string[]) => {
      asked.push(words.join(" "));
      return undefined;
    };
    const ctx = contextWith({ endMigrations: async () => [], secret });
    await abortMigrations(ctx);
    expect(asked).toEqual(["school-database DATABASE_URL"]);
    expect(ctx.output.said[0]).toMatch(
      /The Secret `school-database` in namespace school-prod has no DATABASE_URL, and this shell has none/,
    );
  });
});

describe("the audit trail", () => {
  const at = "2026-11-25T14:00:00.000Z";
  const record = (more: Partial<AuditRecord> = {}): AuditRecord => ({
    at,
    kind: "command",
    stack: "prod",
    actor: "ada",
    body: { number: 1 },
    ...more,
  });

  beforeAll(() => {
    execFileSync("alembic", ["-c", "reporting/alembic.ini", "upgrade", "head"], {
      env: { ...process.env, DATABASE_URL: url },
      timeout: 60_000,
      stdio: "pipe",
    });
  }, 60_000);

  it("appends a record once whatever comes twice, chains it, and reads it back", async () => {
    const trail = await openAuditTrail(url);
    const id = randomUUID();
    const first = await trail.append(id, record());
    expect(await trail.append(id, record())).toEqual(first);
    const second = await trail.append(randomUUID(), record({ body: { number: 2 } }));
    expect(second.number).toBe(first.number + 1);
    const events = [];
    for await (const page of trail.events()) events.push(...page);
    expect(events.map(({ number, previous, hash }) => [number, previous, hash])).toEqual([
      [first.number, expect.any(String), first.hash],
      [second.number, first.hash, second.hash],
    ]);
    await trail.end();
  });

  it("knows a stack's updates, an incident's entries, and what happened between two times", async () => {
    const trail = await openAuditTrail(url);
    const update = { update: "7", message: "deploy", result: "succeeded" };
    await trail.append(randomUUID(), record({ kind: "update", body: { updates: [update] } }));
    expect(await trail.updates("prod")).toEqual(new Set(["7"]));
    expect(await trail.updates("staging")).toEqual(new Set());
    const incident = {
      id: "inc-1",
      cause: "release",
      title: "errors",
      source: "alarm" as const,
      state: "opened",
      update: "7",
      body: { why: "5xx" },
    };
    await trail.append(randomUUID(), record({ kind: "incident", body: { incident } }));
    expect(await trail.entries("inc-1")).toMatchObject([
      {
        title: "errors",
        cause: "release",
        source: "alarm",
        state: "opened",
        actor: "ada",
        body: { why: "5xx" },
      },
    ]);
    expect(await trail.entries("none")).toEqual([]);
    const day = (iso: string) => new Date(`2026-11-${iso}T00:00:00Z`);
    expect((await trail.between("prod", day("25"), day("26"))).map(({ kind }) => kind)).toEqual([
      "command",
      "command",
      "update",
      "incident",
    ]);
    expect(await trail.between("prod", day("26"), day("27"))).toEqual([]);
    await trail.end();
  });
});
