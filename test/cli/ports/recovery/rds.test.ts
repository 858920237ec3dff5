import {
  CreateDBClusterCommand,
  CreateDBInstanceCommand,
  DescribeDBInstancesCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { removeLeftovers } from "../../../../cli/recovery/recoveryPort";
import { quietOutput } from "../../fakes";
import { createRds } from "../../../../cli/ports/recovery/rds";

/** The RDS source against the stand-in for AWS: what it orders, finds again and removes. It proves nothing about restores. */
const project = join(__dirname, "../../../..");
const prefix = "school-prod";
let cloud: ChildProcess;
let client: RDSClient;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

beforeAll(async () => {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  cloud = spawn(join(project, ".venv/bin/python"), [join(project, "rehearsal/standins/cloud/server.py")], {
    env: { ...process.env, CLOUD_PORT: String(port) },
    stdio: "ignore",
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "eu-central-1",
  });
  for (let tries = 0; ; tries += 1) {
    if (
      await fetch(`${endpoint}/moto-api/`)
        .then(({ ok }) => ok)
        .catch(() => false)
    )
      break;
    if (tries > 200) throw new Error("the cloud did not start");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  client = new RDSClient({ region: "eu-central-1" });
  const common = {
    Engine: "aurora-postgresql",
    MasterUsername: "school",
    MasterUserPassword: "correct horse",
  };
  await client.send(
    new CreateDBInstanceCommand({
      ...common,
      DBInstanceIdentifier: "school-prod",
      Engine: "postgres",
      DBInstanceClass: "db.t4g.medium",
      AllocatedStorage: 20,
      DBName: "school",
    }),
  );
  await client.send(new CreateDBClusterCommand({ ...common, DBClusterIdentifier: "school-cluster" }));
  await client.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: "school-cluster-writer",
      DBClusterIdentifier: "school-cluster",
      Engine: "aurora-postgresql",
      DBInstanceClass: "db.r6g.large",
    }),
  );
}, 60_000);
afterAll(() => void cloud.kill());

const placeOf = (databaseArn: string) => ({
  region: "eu-central-1",
  prefix,
  databaseArn,
  application: "school",
  stack: "prod",
  retentionDays: 7,
});
const source = (arn: string) => createRds({ source: "rds", tables: [], limitMinutes: 10 }, placeOf(arn));

/** Restores in a process of its own, which is killed once the copy is there; gives the copy's name. */
async function killedRestore(arn: string): Promise<string> {
  const words = ["--import", "tsx", join(__dirname, "restoringProcess.ts"), JSON.stringify(placeOf(arn))];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"], timeout: 60_000 });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const [id] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGKILL");
  await ended;
  return id.toString();
}
const identifiers = async () =>
  ((await client.send(new DescribeDBInstancesCommand({}))).DBInstances ?? [])
    .map(({ DBInstanceIdentifier }) => DBInstanceIdentifier)
    .sort();

describe.each([
  ["an instance", "arn:aws:rds:eu-central-1:123456789012:db:school-prod"],
  ["a cluster", "arn:aws:rds:eu-central-1:123456789012:cluster:school-cluster"],
])("recovery of %s", (_, arn) => {
  const id = `${prefix}-drill-20261124t200000000`;
  const target = "2026-11-24T20:00:00.000000Z";
  afterEach(async () => {
    expect(await identifiers(), "nothing but the live databases is left").toEqual([
      "school-cluster-writer",
      "school-prod",
    ]);
  });

  it("makes a copy that is found by its tags, gets ready and is removed", async () => {
    const recovery = source(arn);
    expect(await recovery.copies()).toEqual([]);
    await recovery.restore({ id, purpose: "drill", target });
    expect(await recovery.copies()).toEqual([{ id, purpose: "drill", target, ready: false }]);
    const connection = await recovery.connection(id, { host: "live", user: "school", password: "secret" });
    expect(connection).toMatchObject({ user: "school", password: "secret" });
    expect(connection.host).toContain(id);
    expect((await recovery.instructions(id)).join("\n")).not.toContain("secret");
    await recovery.markReady(id);
    expect(await recovery.copies()).toMatchObject([{ id, ready: true }]);
    await recovery.remove(id);
    expect(await recovery.copies()).toEqual([]);
    await recovery.remove(id);
  });

  it("that is killed leaves a throwaway which the next run finds by its tag and removes", async () => {
    const left = await killedRestore(arn);
    expect(await source(arn).copies()).toMatchObject([{ id: left, purpose: "drill", ready: false }]);
    // Another stack's is not ours to remove.
    const other = createRds(
      { source: "rds", tables: [], limitMinutes: 10 },
      { ...placeOf(arn), prefix: "school-staging" },
    );
    expect(await other.copies()).toEqual([]);
    const report = quietOutput();
    await removeLeftovers({ output: report }, source(arn));
    expect(report.said).toEqual([expect.stringContaining(`remove ${left}, left over`)]);
    expect(await source(arn).copies()).toEqual([]);
  }, 60_000);

  it("never removes the live database", async () => {
    await expect(source(arn).remove("school-prod")).rejects.toThrow(/no copy of/);
    await expect(source(arn).remove("school-cluster")).rejects.toThrow(/no copy of/);
  });
});
