import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { metricSource, type MetricSource } from "../../../../cli/ports/metrics/source";
import { served, settingsWith } from "../../../decisions/samples";

/** An endpoint that answers GetMetricData from a table, a few results a page, as CloudWatch does. */
interface Asked {
  StartTime: number;
  EndTime: number;
  NextToken?: string;
  MetricDataQueries: {
    Id: string;
    MetricStat: {
      Metric: { Namespace: string; MetricName: string; Dimensions: { Name: string; Value: string }[] };
      Period: number;
      Stat: string;
    };
  }[];
}
let server: Server;
let asked: Asked[] = [];
/** Value of a figure in a period; undefined: CloudWatch has none. */
let valueOf: (id: string, startSeconds: number, period: number) => number | undefined;
let status = "Complete";
const perPage = 7;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const question = JSON.parse(body) as Asked;
      asked.push(question);
      const first = Number(question.NextToken ?? 0);
      const all = question.MetricDataQueries;
      const MetricDataResults = all.slice(first, first + perPage).map(({ Id, MetricStat: { Period } }) => {
        const Timestamps: number[] = [];
        const Values: number[] = [];
        for (let at = question.StartTime; at < question.EndTime; at += Period) {
          const value = valueOf(Id, at, Period);
          if (value === undefined) continue;
          Timestamps.push(at);
          Values.push(value);
        }
        return { Id, Timestamps, Values, StatusCode: status };
      });
      const isMore = first + perPage < all.length;
      response.end(
        JSON.stringify({ MetricDataResults, ...(isMore ? { NextToken: String(first + perPage) } : {}) }),
      );
    });
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  status = "Complete";
  valueOf = () => undefined;
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const group = (slot: string) => `arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/school-${slot}/73e2`;
const source = (cloudwatch: Record<string, unknown> = {}): MetricSource =>
  metricSource({
    stack: "prod",
    region: "eu-central-1",
    settings: settingsWith(served(), { metrics: { source: "cloudwatch", cloudwatch } }),
    loadBalancer: {
      route: () =>
        Promise.resolve({
          ruleArn: "arn:rule",
          targetGroupArns: { blue: group("blue"), green: group("green") },
          routing: { traffic: "paused" },
        }),
    },
  });

const begin = 1_700_000_040;
const at = (seconds: number) => vi.spyOn(Date, "now").mockReturnValue((begin + seconds) * 1000);

describe("CloudWatch as a source", () => {
  it("takes a starting point, then each minute once it has settled, from all pages of one question", async () => {
    at(10);
    const { cursor } = await source().since(undefined, "green");
    at(119);
    expect((await source().since(cursor, "green")).intervals).toEqual([]);
    expect(asked).toEqual([]);
    valueOf = (id, start) =>
      start === begin ? { blue_requests: 90, green_requests: 10, green_failed: 4, own502: 2 }[id] : undefined;
    at(121);
    expect(await source().since(cursor, "green")).toMatchObject({
      intervals: [
        {
          at: (begin + 60) * 1000,
          seconds: 60,
          slots: {
            canary: { requests: 10, errors: 4, slow: 0 },
            live: { requests: 90, errors: 0, slow: 0 },
          },
          loadBalancer5xx: 2,
        },
      ],
      reasons: [],
    });
    expect(asked).toHaveLength(2);
  });

  it("asks by target group, and for what no target group has by load balancer", async () => {
    at(121);
    await source({ jobsNamespace: "School" }).since(
      { source: "cloudwatch", next: begin * 1000, counted: {} },
      "green",
    );
    const queries = asked[0]?.MetricDataQueries.map(({ Id, MetricStat: { Metric, Stat } }) => [
      Id,
      `${Metric.Namespace} ${Metric.MetricName} ${Stat}`,
      Metric.Dimensions.map(({ Name, Value }) => `${Name}=${Value}`).join(" "),
    ]);
    const targetGroup = "LoadBalancer=app/school/1 TargetGroup=targetgroup/school-green/73e2";
    expect(queries).toEqual(
      expect.arrayContaining([
        ["green_requests", "AWS/ApplicationELB RequestCount Sum", targetGroup],
        ["green_failed", "AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum", targetGroup],
        ["green_unconnected", "AWS/ApplicationELB TargetConnectionErrorCount Sum", targetGroup],
        ["green_fastPercent", "AWS/ApplicationELB TargetResponseTime PR(:0.5)", targetGroup],
        ["own503", "AWS/ApplicationELB HTTPCode_ELB_503_Count Sum", "LoadBalancer=app/school/1"],
        ["green_jobsFailed", "School Jobs Sum", "Stack=prod Slot=green Result=failed"],
      ]),
    );
  });

  it("waits through a fault and says so, and at last calls the minutes unknown", async () => {
    at(10);
    const { cursor } = await source().since(undefined, "green");
    status = "InternalError";
    at(121);
    const waiting = await source().since(cursor, "green");
    expect(waiting).toMatchObject({ cursor, intervals: [] });
    expect(waiting.reasons.join()).toMatch(/no answer for blue_requests: InternalError/);
    at(301);
    expect((await source().since(cursor, "green")).intervals).toMatchObject([{ slots: "unknown" }]);
  });

  it("does not ask again and again for a minute that is late", async () => {
    at(121);
    const one = source();
    const cursor = { source: "cloudwatch", next: begin * 1000, counted: {} };
    await one.since(cursor, "green");
    const { length } = asked;
    await one.since(cursor, "green");
    expect(asked).toHaveLength(length);
  });

  it("knows how the live slot was used before, in whole settled minutes", async () => {
    valueOf = (id) => ({ blue_requests: 90, own503: 1 })[id];
    at(185);
    expect(await source().before(120, "green")).toEqual({
      at: (begin + 120) * 1000,
      seconds: 120,
      slots: { canary: { requests: 0, errors: 0, slow: 0 }, live: { requests: 180, errors: 0, slow: 0 } },
      loadBalancer5xx: 2,
    });
    valueOf = () => undefined;
    expect(await source().before(120, "green")).toMatchObject({ slots: "unknown" });
  });

  it("has the windows of the error budget, time before the first request taken as the time since", async () => {
    at(0);
    valueOf = (id, start, period) =>
      start + period > begin - 600 ? { blue_requests: 10 * period, blue_failed: period / 60 }[id] : undefined;
    const windows = await source().service("green");
    expect(windows).toMatchObject({ fiveMinutes: { requests: 3000, errors: 5 }, hour: { requests: 36_000 } });
    status = "Forbidden";
    expect(await source().service("green")).toBe("unknown");
  });

  it("takes a night without requests for one, and days without any for a source that knows nothing", async () => {
    at(0);
    valueOf = (id, start, period) =>
      period === 3600 && start < begin - 7 * 3600 ? { blue_requests: 1000, blue_failed: 1 }[id] : undefined;
    expect(await source().service("green")).toMatchObject({
      budget: { requests: 713_000, errors: 713 },
      sixHours: { requests: 0, errors: 0 },
    });
    valueOf = () => undefined;
    expect(await source().service("green")).toBe("unknown");
  });
});
