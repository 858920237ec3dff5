import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../bench/drill/cluster";
import { connect } from "../../operations/ports/database";
import { createArchive } from "../../operations/ports/recovery/archive";
import { removeLeftovers } from "../../operations/recovery";
import { quietReport } from "./fakes";

/** A drill that is killed at each of its steps, as a machine that goes away would. */
const prefix = "school-prod";
let cluster: Cluster;
const source = () => createArchive(cluster.recovery, prefix);

beforeAll(async () => {
  cluster = await startCluster("killed");
  const live = await connect(cluster.live, "the live database");
  await live.query("CREATE TABLE pupils (id bigserial PRIMARY KEY, name text NOT NULL)");
  await live.query("INSERT INTO pupils (name) SELECT md5(n::text) FROM generate_series(1, 20000) n");
  await live.end();
  await source().takePoint(cluster.live);
}, 60_000);
afterAll(() => cluster.end());

/** Runs a drill in a process of its own and kills it `after` milliseconds into the step; "" lets it end. Gives what it said. */
function drilled(step: string, after = 0): Promise<string> {
  const given = JSON.stringify({ live: cluster.live, recovery: cluster.recovery, prefix });
  const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, "drillProcess.ts"), given], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (data: Buffer) => {
    said += data.toString();
    if (step !== "" && said.includes(step)) setTimeout(() => child.kill("SIGKILL"), after);
  });
  return new Promise((resolve) => child.once("exit", () => resolve(said)));
}

/** Command lines of processes that work below the folder of copies. */
const working = (): string[] =>
  readdirSync("/proc").flatMap((pid) => {
    try {
      const line = /^\d+$/.test(pid)
        ? readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
        : "";
      return line.includes(`${cluster.recovery.copies}/`) ? [line] : [];
    } catch {
      return [];
    }
  });

describe("a drill that is killed", { timeout: 90_000 }, () => {
  it.each([
    ["before it restores", "wait until", 0],
    ["as the restore begins", "restore to", 0],
    ["in the middle of the restore", "restore to", 150],
    ["while the copy recovers", "restore to", 400],
    ["while it compares", "compare the copy", 0],
    ["while it cleans up", "remove the copy", 0],
  ])("%s leaves nothing that the next run does not find and remove", async (_, step, after) => {
    const said = await drilled(step, after);
    expect(said).toContain(step);
    await removeLeftovers({ report: quietReport() }, source());
    expect(await source().copies()).toEqual([]);
    expect(working()).toEqual([]);
  });

  it("does not keep a later one from passing", async () => expect(await drilled("")).toMatch(/end true/));
});
