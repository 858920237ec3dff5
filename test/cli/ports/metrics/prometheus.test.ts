import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { metricSource } from "../../../../cli/ports/metrics/source";
import type { Poll, Measured, MetricSource } from "../../../../cli/ports/metrics/source";
import { served, settingsWith } from "../../../decisions/samples";

/** A server that answers as Prometheus does, from what a test says the pods have counted. */
let server: Server;
let url: string;
/** Counters by slot, and how old their scrape is, seconds. */
interface Pods {
  requests: number;
  errors: number;
  slow: number;
  failed: number;
  age?: number;
}
let pods: Partial<Record<"blue" | "green", Pods>>;
let fault: string | undefined;
const asked: string[] = [];
let clock = 0;

const seriesOf = (slot: string, { requests, errors, slow, failed, age = 0 }: Pods, at: number) => {
  const one = (name: string, component: string, labels: Record<string, string>, value: number) => ({
    metric: { __name__: name, stack: "prod", slot, component, pod: `${component}-${slot}`, ...labels },
    values: [[at - age, String(value)]],
  });
  const web = "http_request_duration_seconds";
  return [
    one("http_requests_total", "web", { status: "2xx" }, requests - errors),
    one("http_requests_total", "web", { status: "5xx" }, errors),
    one(`${web}_bucket`, "web", { le: "0.25" }, requests - slow),
    one(`${web}_bucket`, "web", { le: "0.5" }, requests - slow),
    one(`${web}_bucket`, "web", { le: "+Inf" }, requests),
    one(`${web}_count`, "web", {}, requests),
    one("jobs_total", "worker", { result: "ok" }, 10),
    one("jobs_total", "worker", { result: "failed" }, failed),
  ];
};

beforeAll(async () => {
  server = createServer(({ url: path = "/" }, response) => {
    const target = new URL(path, "http://prometheus");
    asked.push(target.searchParams.get("query") ?? "");
    const at = Number(target.searchParams.get("time") ?? clock);
    response.setHeader("date", new Date(at * 1000).toUTCString());
    if (fault === "silent") return;
    if (fault) return void response.writeHead(503).end(fault);
    const result = Object.entries(pods).flatMap(([slot, counted]) => seriesOf(slot, counted, at));
    response.end(JSON.stringify({ status: "success", data: { resultType: "matrix", result } }));
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  clock = 1_700_000_000;
  fault = undefined;
  pods = {
    blue: { requests: 1000, errors: 1, slow: 9, failed: 0 },
    green: { requests: 0, errors: 0, slow: 0, failed: 0 },
  };
});

const around = {
  stack: "prod",
  region: undefined,
  loadBalancer: { route: () => Promise.resolve(undefined) },
};
const source = (metrics: Record<string, unknown> = {}): MetricSource =>
  metricSource({
    ...around,
    settings: settingsWith(served(), { metrics: { source: "prometheus", url, ...metrics } }),
  });
const counts = (requests: number, errors = 0, slow = 0) => ({ requests, errors, slow });

/** Takes the starting point, lets a second pass in which `change` happens, and looks. */
async function lookAfter(
  change: () => void,
  metrics?: Record<string, unknown>,
): Promise<{ first: Poll; second: Poll }> {
  const first = await source(metrics).since(undefined, "green");
  clock += 1;
  change();
  return { first, second: await source(metrics).since(JSON.parse(JSON.stringify(first.cursor)), "green") };
}

describe("Prometheus as a source", () => {
  it("takes a starting point first, then says what both slots had since", async () => {
    const { first, second } = await lookAfter(() => {
      pods.blue = { requests: 1090, errors: 2, slow: 10, failed: 0 };
      pods.green = { requests: 10, errors: 5, slow: 3, failed: 2 };
    });
    expect(first.intervals).toEqual([]);
    expect(second).toMatchObject({
      intervals: [
        {
          at: clock * 1000,
          seconds: 1,
          slots: { canary: counts(10, 5, 3), live: counts(90, 1, 1) },
          jobs: { canary: { ok: 0, failed: 2 }, live: { ok: 0, failed: 0 } },
        },
      ],
      reasons: [],
    });
  });
  it("has no figure for the load balancer's own errors, and does not make one up", async () => {
    const { second } = await lookAfter(() => undefined);
    const [interval]: Measured[] = second.intervals;
    expect(interval).toBeDefined();
    expect(interval).not.toHaveProperty("loadBalancer5xx");
  });
  it("has no interval while there is no newer scrape", async () => {
    const { cursor } = await source().since(undefined, "green");
    expect(await source().since(cursor, "green")).toMatchObject({ cursor, intervals: [], reasons: [] });
  });
  it("reads requests and errors in one query, so that they are of the same scrape", async () => {
    asked.length = 0;
    await source().since(undefined, "green");
    expect(asked).toHaveLength(1);
  });
  it("asks only for its own application where config tells how", async () => {
    asked.length = 0;
    await source({ labels: { app: 'a"b' } }).since(undefined, "green");
    expect(asked[0]).toContain('stack="prod",app="a\\"b"');
  });

  it.each([
    ["an error of the server", () => (fault = "overloaded"), /answered 503: overloaded/],
    ["no answer in time", () => (fault = "silent"), /does not tell/],
    ["a slot without any series", () => delete pods.green, /no sample of http_requests_total\{slot="green"/],
    ["a scrape that is too old", () => (pods.blue = { ...counts(0), failed: 0, age: 16 }), /slot="blue"/],
  ])("calls %s unknown and says why, never zero", async (_, change, reason) => {
    const { second } = await lookAfter(change);
    expect(second.intervals).toMatchObject([{ seconds: expect.any(Number) as number, slots: "unknown" }]);
    expect(second.reasons.join()).toMatch(reason);
  });
  it("goes on after an outage with all that was counted meanwhile", async () => {
    const { second } = await lookAfter(() => (fault = "down"));
    fault = undefined;
    clock = Math.ceil(Date.now() / 1000) + 5;
    pods.green = { requests: 50, errors: 5, slow: 0, failed: 0 };
    const third = await source().since(second.cursor, "green");
    expect(third.intervals).toMatchObject([{ slots: { canary: counts(50, 5), live: counts(0) } }]);
  });
  it("calls a metric that does not exist unknown", async () => {
    const metrics = { names: { duration: "request_seconds" } };
    const { cursor, reasons } = await source(metrics).since(undefined, "green");
    expect(cursor).toBeUndefined();
    expect(reasons.join()).toMatch(/no usable request_seconds/);
  });
  it("says which buckets there are when none is within the objective", async () => {
    const settings = settingsWith(served(), {
      metrics: { source: "prometheus", url },
      slo: { objective: 99.9, windowDays: 30, latencyMs: 100 },
    });
    const { reasons } = await metricSource({ ...around, settings }).since(undefined, "green");
    expect(reasons[0]).toContain("slo.latencyMs, 100 ms; all pods have 0.25, 0.5, Infinity s");
  });
  it("does not subtract counts by two buckets: pods with others came, so it begins anew and says so", async () => {
    const { cursor } = await source().since(undefined, "green");
    clock += 1;
    pods.green = { requests: 50, errors: 0, slow: 0, failed: 0 };
    const other = { ...(cursor as object), bound: 0.1 };
    const changed = await source().since(other, "green");
    expect(changed.intervals).toMatchObject([{ slots: "unknown" }]);
    expect(changed.reasons.join()).toMatch(/0.5 s instead of 0.1 s/);
    clock += 1;
    pods.green = { requests: 57, errors: 0, slow: 0, failed: 0 };
    const next = await source().since(changed.cursor, "green");
    expect(next.intervals).toMatchObject([{ slots: { canary: counts(7) } }]);
  });
  it("begins anew with a cursor that is not its own", async () => {
    const { intervals, cursor } = await source().since({ source: "cloudwatch" }, "green");
    expect(intervals).toEqual([]);
    expect(cursor).toMatchObject({ source: "prometheus" });
  });
  it("knows how the live slot was used before", async () => {
    expect(await source().before(60, "green")).toMatchObject({ seconds: 60, slots: { live: counts(0) } });
    fault = "down";
    expect(await source().before(60, "green")).toMatchObject({ slots: "unknown" });
    expect(await source().service("green")).toBe("unknown");
  });
  it("ends when it is told to, and does not call that an outage", async () => {
    fault = "silent";
    const abort = new AbortController();
    const look = source().since(undefined, "green", abort.signal);
    abort.abort(new Error("stopped"));
    await expect(look).rejects.toThrow("stopped");
  });
});
