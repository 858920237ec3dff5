import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";

/** What a migration costs those who write meanwhile, on a real PostgreSQL: `bench/migrations/` measures it. */

/** Longest run, milliseconds: 1,000,000 rows, five runs of ours and one of the naive forms. */
const limit = 1_800_000;

/**
 * Writes `migrations.json`: `maxBlockedWriterMs` of each change, ours and naive, and the rates of the backfill. QUICK=1
 * measures 100,000 rows once, prints the figures and writes nothing.
 */
export function migrations(): void {
  const isQuick = (process.env.QUICK ?? "") !== "";
  const size = isQuick ? ["--rows", "100000", "--runs", "1"] : [];
  const text = execFileSync("python", ["-m", "bench.migrations", ...size], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    timeout: limit,
  });
  const { missed } = JSON.parse(text) as { missed: string[] };
  if (isQuick) process.stderr.write(text);
  else {
    mkdirSync("bench/results", { recursive: true });
    writeFileSync("bench/results/migrations.json", text);
  }
  if (missed.length > 0) throw new Error(`the bars are not met:\n  ${missed.join("\n  ")}`);
}
