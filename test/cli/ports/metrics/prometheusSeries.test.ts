import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { metricSource } from "../../../../cli/ports/metrics/source";
import { served, settingsWith } from "../../../decisions/samples";

/** A server that answers range queries with series by the kind of the question. */
type Series = { metric: Record<string, string>; values: [number, string][] };
let server: Server;
let url: string;
let answers: Record<"requests" | "errors" | "latency", Series[]>;
let steps: (string | null)[];

beforeAll(async () => {
  server = createServer(({ url: path = "/" }, response) => {
    const { searchParams } = new URL(path, "http://prometheus");
    const query = searchParams.get("query") ?? "";
    steps.push(searchParams.get("step"));
    const kind = query.startsWith("histogram") ? "latency" : query.includes('"5.*"') ? "errors" : "requests";
    response.end(
      JSON.stringify({ status: "success", data: { resultType: "matrix", result: answers[kind] } }),
    );
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prometheus`;
});
afterAll(() => void server.close());
beforeEach(() => {
  answers = { requests: [], errors: [], latency: [] };
  steps = [];
});

const from = 1_700_000_000_000;
const at = (seconds: number) => from / 1000 + seconds;
const series = (seconds = 120) =>
  metricSource({
    stack: "prod",
    region: undefined,
    loadBalancer: { route: () => Promise.resolve(undefined) },
    settings: settingsWith(served(), { metrics: { source: "prometheus", url } }),
  }).series(from, from + seconds * 1000);

it("a slot's traffic over time is what its pods counted, with what a pod and a first error begin with", async () => {
  answers.requests = [
    {
      metric: { slot: "blue", pod: "a" },
      values: [
        [at(0), "1000"],
        [at(60), "1100"],
        [at(120), "1250"],
      ],
    },
    // A second pod of the slot that came up meanwhile, and one that began anew.
    {
      metric: { slot: "blue", pod: "b" },
      values: [
        [at(60), "7"],
        [at(120), "3"],
      ],
    },
    { metric: { slot: "none of ours" }, values: [[at(60), "5"]] },
  ];
  answers.errors = [{ metric: { slot: "blue", pod: "b" }, values: [[at(120), "2"]] }];
  answers.latency = [
    {
      metric: { slot: "blue" },
      values: [
        [at(0), "NaN"],
        [at(60), "0.25"],
        [at(300), "9"],
      ],
    },
  ];
  expect((await series()).steps).toEqual([
    { at: at(0) * 1000, slot: "blue", requests: 0, errors: 0 },
    { at: at(60) * 1000, slot: "blue", requests: 107, errors: 0, p95Ms: 250 },
    { at: at(120) * 1000, slot: "blue", requests: 153, errors: 2 },
  ]);
});

it("a longer time has longer steps, and a picture never more than it can show", async () => {
  answers.requests = [{ metric: { slot: "blue" }, values: [[at(0), "1"]] }];
  const week = await series(7 * 24 * 3600);
  expect(Number(steps[0])).toBe(week.stepSeconds);
  expect((7 * 24 * 3600) / week.stepSeconds).toBeLessThanOrEqual(160);
});

it("a time of which nothing is known is an error that names the series, never a time without traffic", async () => {
  await expect(series()).rejects.toThrow(/no sample of http_requests_total\{component="web",stack="prod"\}/);
});
