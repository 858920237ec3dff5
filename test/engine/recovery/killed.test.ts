import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../../bench/drill/cluster";
import { connect } from "../../../cli/ports/database";
import { createArchive } from "../../../cli/ports/recovery/archive";
import { commands, contextOf, parametersOf, type Place } from "./place";

/** `drill` and `restore`, killed at each of their steps, and while each of their programs runs. */
let cluster: Cluster;
let past = "";
const copies = () => createArchive(cluster.recovery, "school-prod").copies();
const inLive = async (statement: string): Promise<void> => {
  const live = await connect(cluster.live, "the live database");
  try {
    await live.query(`SET statement_timeout = 10000; ${statement}`);
  } finally {
    await live.end();
  }
};

beforeAll(async () => {
  cluster = await startCluster("killed");
  await inLive("CREATE TABLE pupils (id bigserial PRIMARY KEY, name text NOT NULL)");
  await inLive("INSERT INTO pupils (name) SELECT md5(n::text) FROM generate_series(1, 20000) n");
  await createArchive(cluster.recovery, "school-prod").takePoint(cluster.live);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  past = new Date().toISOString();
  await inLive("INSERT INTO pupils (name) VALUES ('later')");
}, 60_000);
afterAll(async () => {
  await cluster.end();
  rmSync(parametersOf(cluster), { recursive: true, force: true });
});

const placeOf = (command: Place["command"]): Place => ({
  command,
  ...(command === "restore" && { to: past }),
  cluster: { folder: cluster.folder, live: cluster.live, recovery: cluster.recovery },
});

/** Runs a command in a process of its own, to its end or to a point; gives its points, or "" where it was killed. */
function ran(command: Place["command"], killAt?: number): Promise<string[]> {
  const given = JSON.stringify({ ...placeOf(command), killAt });
  const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, "killedProcess.ts"), given], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 60_000,
  });
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += data.toString()));
  return new Promise((resolve, reject) => {
    child.once("exit", (code, signal) => {
      if (killAt === undefined ? code === 0 : signal === "SIGKILL") resolve(said.trim().split("\n"));
      else reject(new Error(`the ${command} ended with ${code ?? signal} at point ${killAt}`));
    });
  });
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
      return []; // It ended meanwhile.
    }
  });

/** Runs it to its end here; gives which copies it found and removed. */
async function next(command: Place["command"], remove?: string): Promise<string[]> {
  const context = contextOf({ ...placeOf(command), ...(remove && { remove }) });
  await commands[command].run(context);
  return context.output.said.flatMap((line) => /^remove (\S+), left over/.exec(line)?.[1] ?? []);
}

describe("a command that is killed", { timeout: 400_000 }, () => {
  it.each(["drill", "restore"] as const)(
    "as a %s, at any of its steps, leaves nothing that the next run does not find and remove",
    async (command) => {
      const points = await ran(command);
      if (command === "restore") await next("restore", (await copies())[0]?.id ?? "");
      expect(points.length).toBeGreaterThanOrEqual(command === "drill" ? 18 : 8);
      let left = 0;
      const first = points.findIndex((point) => point.startsWith("running"));
      for (const [index, point] of points.entries()) {
        // Before the copy is begun nothing can be left of it; KILL_POINTS=all tries those points too, in minutes more.
        if (process.env.KILL_POINTS !== "all" && index < first && point !== "LOCK") continue;
        const name = `killed at ${index}, ${point}`;
        await ran(command, index);
        await inLive("INSERT INTO pupils (name) VALUES ('still writable')");
        const there = (await copies()).filter(({ purpose, ready }) => purpose === "drill" || !ready);
        left += there.length;
        // A removal that was under way goes on, and may be done before the next run looks.
        const isEnding = /running rm/.test(point);
        const removed = await next(command);
        expect(removed, name).toEqual(isEnding && removed.length === 0 ? [] : there.map(({ id }) => id));
        const kept = await copies();
        expect(kept, name).toHaveLength(command === "restore" ? 1 : 0);
        if (kept[0]) await next("restore", kept[0].id);
        expect(await copies(), name).toEqual([]);
        expect(working(), name).toEqual([]);
        expect(
          readdirSync(parametersOf(cluster)).filter((path) => path.includes("lease")),
          name,
        ).toEqual([]);
      }
      // Otherwise nothing was shown.
      expect(left).toBeGreaterThan(command === "drill" ? 5 : 2);
      process.stderr.write(`${command}: ${points.length} points, ${left} copies left over and removed\n`);
    },
  );
});
