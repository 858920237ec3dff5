import { describe, expect, it } from "vitest";
import { readPods, slowBound, type Series } from "../../../../cli/ports/metrics/series";

const names = {
  requests: "http_requests_total",
  statusLabel: "status",
  duration: "http_request_duration_seconds",
  jobs: "jobs_total",
  resultLabel: "result",
};
const series = (name: string, labels: Record<string, string>, ...values: [number, number][]): Series => ({
  metric: { __name__: name, component: "web", slot: "green", pod: "p", ...labels },
  values: values.map(([at, value]) => [at, String(value)]),
});
const bucket = (le: string, pod = "p", value = 0): Series =>
  series("http_request_duration_seconds_bucket", { le, pod }, [10, value]);

describe("the bucket that tells slow requests", () => {
  const bounds = (latencyMs: number, ...all: Series[]) => slowBound(all, names, latencyMs);
  it("is the one of the objective, however its bound is written", () => {
    expect(bounds(1000, bucket("0.5"), bucket("1.0"), bucket("+Inf")).bound).toBe(1);
    expect(bounds(1000, bucket("0.5"), bucket("1"), bucket("+Inf")).bound).toBe(1);
  });
  it("is the next lower one where there is none: slower than the objective must not pass", () =>
    expect(bounds(700, bucket("0.5"), bucket("1.0")).bound).toBe(0.5));
  it("is one that all pods have", () =>
    expect(bounds(500, bucket("0.25", "a"), bucket("0.5", "a"), bucket("0.25", "b")).bound).toBe(0.25));
  it("is none where all bounds are above the objective, and says which there are", () =>
    expect(bounds(100, bucket("0.5"), bucket("+Inf"))).toEqual({ bound: undefined, known: [0.5, Infinity] }));
});

describe("a pod's counters", () => {
  it("are of its newest scrape, summed over all series of a kind", () =>
    expect(
      readPods(
        [
          series("http_requests_total", { status: "2xx", path: "/a" }, [9, 1], [10, 5]),
          series("http_requests_total", { status: "2xx", path: "/b" }, [9, 2], [10, 6]),
          series("http_requests_total", { status: "503", path: "/b" }, [10, 2]),
          bucket("0.5", "p", 9),
          series("http_request_duration_seconds_count", {}, [10, 13]),
        ],
        names,
        0.5,
        0,
      ),
    ).toEqual([
      { slot: "green", pod: "p", at: 10_000, counts: { requests: 13, errors: 2, fast: 9, timed: 13 } },
    ]));
  it("leave out a series that the newest scrape no longer had", () => {
    const old = series("http_requests_total", { status: "4xx" }, [9, 40]);
    const now = series("http_requests_total", { status: "2xx" }, [10, 5]);
    for (const order of [
      [old, now],
      [now, old],
    ])
      expect(readPods(order, names, 0.5, 0)[0]?.counts).toEqual({ requests: 5 });
  });
  it("are left out when the newest scrape is too old", () =>
    expect(readPods([series("http_requests_total", {}, [10, 5])], names, 0.5, 10_001)).toEqual([]));
  it("take jobs from workers and requests from web pods only, for both processes may export both", () => {
    const worker = { component: "worker", pod: "w" };
    const read = readPods(
      [
        series("jobs_total", { result: "ok" }, [10, 5]),
        series("jobs_total", { ...worker, result: "ok" }, [10, 7]),
        series("jobs_total", { ...worker, result: "failed" }, [10, 1]),
        series("http_requests_total", { ...worker, status: "2xx" }, [10, 9]),
      ],
      names,
      0.5,
      0,
    );
    expect(read).toEqual([{ slot: "green", pod: "w", at: 10_000, counts: { ok: 7, failed: 1 } }]);
  });
  it("are not those of a slot that is none", () =>
    expect(readPods([series("http_requests_total", { slot: "red" }, [10, 5])], names, 0.5, 0)).toEqual([]));
});
