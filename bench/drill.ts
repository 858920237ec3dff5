import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { isSegment } from "../decisions/recovery/segments";
import type { DrillRecord } from "../decisions/recovery/drill";
import { runDrill } from "../cli/recovery/drill";
import { connect } from "../cli/ports/database";
import { createArchive } from "../cli/ports/recovery/archive";
import type { RecoverySource } from "../cli/ports/recovery/source";
import { type Cluster, startCluster } from "./drill/cluster";

/** One round: a drill under write load, then the two that must fail. */
interface Round {
  exact: boolean;
  recoverySeconds: number;
  recoveryPointSeconds: number;
  rowsChecked: number;
  missingSegmentReported: boolean;
  targetOutOfRangeReported: boolean;
}

const prefix = "bench-prod";
const file = join(process.cwd(), "bench", "results", "drill.json");
const rowBytes = 1024;

/**
 * Size and rounds: DRILL_QUICK=1 is a smaller one that proves nothing about the bars. DRILL_SECONDS begins no round after so
 * many seconds; the next run goes on.
 */
const isQuick = process.env.DRILL_QUICK === "1";
const megabytes = isQuick ? 50 : 1024;
const wanted = isQuick ? 2 : 20;
const most = Number(process.env.DRILL_SECONDS ?? "3600") * 1000;

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Runs rounds until there are enough; a run that is stopped is gone on with by the next one. */
export async function drill(): Promise<void> {
  const rounds = isQuick ? [] : earlier();
  const cluster = await startCluster("bench");
  const live = await connect(cluster.live, "the live database");
  const source = createArchive(cluster.recovery, prefix);
  const load = await fill(cluster, live);
  try {
    await source.takePoint(cluster.live);
    const until = Date.now() + most;
    while (Date.now() < until && rounds.length < wanted) {
      rounds.push(await round(cluster, source, live));
      if (!isQuick) write(rounds);
      process.stderr.write(`round ${rounds.length}: ${JSON.stringify(rounds.at(-1))}\n`);
    }
  } finally {
    await load.stop();
    await live.end();
    await cluster.end();
  }
  process.stdout.write(`drill: ${JSON.stringify(summary(rounds))}\n`);
}

const run = (cluster: Cluster, source: RecoverySource, at?: string): Promise<DrillRecord> =>
  runDrill({
    source,
    root: process.cwd(),
    live: cluster.live,
    prefix,
    tables: [],
    ...(at === undefined ? {} : { at }),
    actor: "bench",
    output: { say: () => undefined, step: (kind, name, action) => action({ kind, name, from: 0 }) },
  });

const says = (record: DrillRecord, text: RegExp): boolean =>
  !record.ok && record.findings.some(({ ok, detail }) => !ok && text.test(detail));

async function round(cluster: Cluster, source: RecoverySource, live: Client): Promise<Round> {
  const good = await run(cluster, source);
  if (!good.ok) process.stderr.write(`${JSON.stringify(good.findings)}\n`);
  await source.reach(new Date().toISOString(), live);
  const { wal } = cluster.recovery;
  // The one before the newest: what comes after it is there, as where one file was lost.
  await live.query("SELECT pg_switch_wal()");
  const lost = readdirSync(wal).filter(isSegment).sort().at(-2) ?? "";
  renameSync(join(wal, lost), join(cluster.folder, lost));
  const gap = await run(cluster, source);
  renameSync(join(cluster.folder, lost), join(wal, lost));
  const outside = await run(cluster, source, "2020-01-01T00:00:00.000000Z");
  const missingSegmentReported = says(gap, new RegExp(`segment ${lost} is missing`));
  if (!missingSegmentReported) process.stderr.write(`without ${lost}: ${JSON.stringify(gap)}\n`);
  return {
    exact: good.ok,
    recoverySeconds: good.recoverySeconds ?? Number.NaN,
    recoveryPointSeconds: good.recoveryPointSeconds ?? Number.NaN,
    rowsChecked: good.rowsChecked ?? 0,
    missingSegmentReported,
    targetOutOfRangeReported: says(outside, /lies before the oldest backup/),
  };
}

/** Fills the database, then writes to it without pause until stopped: inserts and updates, 20 rows a transaction. */
async function fill(cluster: Cluster, live: Client): Promise<{ stop: () => Promise<void> }> {
  await live.query("CREATE TABLE alembic_version (version_num text PRIMARY KEY)");
  await live.query("INSERT INTO alembic_version VALUES ('8c0d1b2e')");
  await live.query("CREATE TABLE pupils (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), pad text)");
  await live.query(`INSERT INTO pupils (pad) SELECT repeat(md5(n::text), 31) FROM generate_series(1, $1) n`, [
    (megabytes * 1024 * 1024) / rowBytes,
  ]);
  await live.query("CHECKPOINT");
  const writer = await connect(cluster.live, "the live database");
  let isWriting = true;
  const writing = (async () => {
    while (isWriting) {
      await writer.query("INSERT INTO pupils (pad) SELECT md5(random()::text) FROM generate_series(1, 10)");
      await writer.query(
        "UPDATE pupils SET pad = md5(pad) WHERE id IN (SELECT (random() * 1000)::int FROM generate_series(1, 10))",
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await writer.end();
  })();
  return {
    stop: async () => {
      isWriting = false;
      await writing;
    },
  };
}

const earlier = (): Round[] => {
  if (!existsSync(file)) return [];
  const { rounds } = JSON.parse(readFileSync(file, "utf8")) as { rounds: Round[] };
  return rounds.length < wanted ? rounds : [];
};

const count = (rounds: Round[], of: (round: Round) => boolean): number => rounds.filter(of).length;

const summary = (rounds: Round[]) => ({
  megabytes,
  runs: rounds.length,
  exact: count(rounds, ({ exact }) => exact),
  recoverySeconds: median(rounds.map(({ recoverySeconds }) => recoverySeconds)),
  recoverySecondsWorst: Math.max(...rounds.map(({ recoverySeconds }) => recoverySeconds)),
  recoveryPointSeconds: median(rounds.map(({ recoveryPointSeconds }) => recoveryPointSeconds)),
  missingSegmentReported: count(rounds, ({ missingSegmentReported }) => missingSegmentReported),
  targetOutOfRangeReported: count(rounds, ({ targetOutOfRangeReported }) => targetOutOfRangeReported),
});

function write(rounds: Round[]): void {
  mkdirSync(join(process.cwd(), "bench", "results"), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify({ ...summary(rounds), rounds }, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
