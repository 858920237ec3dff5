import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Measured, MetricSource } from "../../../../cli/ports/metrics/source";
import { metricSource } from "../../../../cli/ports/metrics/source";
import { served, settingsWith } from "../../../decisions/samples";

/** A real Prometheus that scrapes a server which speaks for the pods. */
const folder = mkdtempSync(join(tmpdir(), "prometheus-"));
let pods: Server;
let prometheus: ChildProcess;
let source: MetricSource;
/** What each pod has counted: answers, errors and slow ones among them. */
const counted = { blue: [1000, 1, 9], green: [0, 0, 0] };

const exposition = ([requests = 0, errors = 0, slow = 0]: number[]): string =>
  [
    `http_requests_total{status="2xx"} ${requests - errors}`,
    `http_requests_total{status="5xx"} ${errors}`,
    `http_request_duration_seconds_bucket{le="0.5"} ${requests - slow}`,
    `http_request_duration_seconds_bucket{le="+Inf"} ${requests}`,
    `http_request_duration_seconds_count ${requests}`,
    `jobs_total{result="ok"} 0`,
    `jobs_total{result="failed"} 0`,
    "",
  ].join("\n");

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
};

beforeAll(async () => {
  pods = createServer(({ url }, response) =>
    response.end(exposition(url?.includes("green") ? counted.green : counted.blue)),
  );
  const podsPort = await listen(pods);
  const free = createServer();
  const port = await listen(free);
  free.close();
  const target = (slot: string, component: string) => ({
    job_name: `${component}-${slot}`,
    metrics_path: `/${slot}`,
    static_configs: [
      {
        targets: [`127.0.0.1:${podsPort}`],
        labels: { stack: "prod", slot, component, pod: `${component}-${slot}` },
      },
    ],
  });
  const scrape_configs = ["blue", "green"].flatMap((slot) => [target(slot, "web"), target(slot, "worker")]);
  // JSON is YAML.
  writeFileSync(
    join(folder, "config.yaml"),
    JSON.stringify({ global: { scrape_interval: "1s", scrape_timeout: "1s" }, scrape_configs }),
  );
  prometheus = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "config.yaml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore" },
  );
  const url = `http://127.0.0.1:${port}`;
  source = metricSource({
    stack: "prod",
    region: undefined,
    loadBalancer: { route: () => Promise.resolve(undefined) },
    settings: settingsWith(served(), { metrics: { source: "prometheus", url, scrapeSeconds: 1 } }),
  });
}, 30_000);

afterAll(async () => {
  const ended = new Promise((done) => prometheus.once("exit", done));
  prometheus.kill();
  await ended;
  pods.closeAllConnections();
  pods.close();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

/** Looks until `isEnough`, at most 20 s. */
async function lookUntil(from: unknown, isEnough: (seen: Measured[]) => boolean) {
  const seen: Measured[] = [];
  let cursor = from;
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(200)) {
    const look = await source.since(cursor, "green");
    ({ cursor } = look);
    seen.push(...look.intervals);
    if (cursor !== undefined && isEnough(seen)) return { cursor, seen };
  }
  throw new Error(`not seen within 20 s: ${JSON.stringify(seen)}`);
}

const total = (seen: Measured[]) => {
  const sum = { canary: [0, 0, 0], live: [0, 0, 0] };
  for (const { slots } of seen)
    for (const slot of ["canary", "live"] as const) {
      if (slots === "unknown") continue;
      const { requests, errors, slow } = slots[slot];
      sum[slot] = [requests, errors, slow].map((count, index) => count + (sum[slot][index] ?? 0));
    }
  return sum;
};

describe("a real Prometheus", () => {
  it("is counted to the last request, also through a restart, and is unknown once it is gone", async () => {
    const both = (await lookUntil(undefined, () => true)).cursor;
    // Until the other slot's pods have been scraped too there is no interval that is known.
    const start = await lookUntil(both, (seen) => seen.some(({ slots }) => slots !== "unknown"));
    counted.blue = [1090, 2, 10];
    counted.green = [10, 5, 3];
    const first = await lookUntil(
      start.cursor,
      (seen) => total(seen).canary[0] === 10 && total(seen).live[0] === 90,
    );
    expect(total(first.seen)).toEqual({ canary: [10, 5, 3], live: [90, 1, 1] });
    counted.green = [4, 1, 0];
    const second = await lookUntil(first.cursor, (seen) => total(seen).canary[0] !== 0);
    expect(total(second.seen)).toEqual({ canary: [4, 1, 0], live: [0, 0, 0] });
    const windows = await source.service("green");
    expect(windows).toMatchObject({ fiveMinutes: { errors: expect.any(Number) as number } });

    prometheus.kill("SIGSTOP");
    const gone = await source.since(second.cursor, "green");
    prometheus.kill("SIGCONT");
    expect(gone.intervals).toMatchObject([{ slots: "unknown" }]);
    expect(gone.reasons.join()).toMatch(/does not tell/);
  }, 60_000);
});
