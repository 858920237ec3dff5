import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createAlarms } from "../../../cli/ports/alarms";
import { awsClient } from "../../../cli/ports/aws";
import { createLoadBalancer } from "../../../cli/ports/loadBalancer";
import { createParameters } from "../../../cli/ports/parameters";

/** An endpoint that throttles the next `throttled` calls, each service in its own words, and then does what was asked. */
let server: Server;
let throttled = 0;
let calls = 0;
/** Answers nothing at all. */
let isSilent = false;
let weight = 10;

const rulesXml = () => {
  const group = (slot: string, share: number) =>
    `<member><TargetGroupArn>arn:${slot}</TargetGroupArn><Weight>${share}</Weight></member>`;
  const rule = (priority: number, groups: string) =>
    `<member><RuleArn>arn:rule/${priority}</RuleArn><Priority>${priority}</Priority><Actions><member><Type>forward</Type><ForwardConfig><TargetGroups>${groups}</TargetGroups></ForwardConfig></member></Actions></member>`;
  const all =
    rule(98, group("blue", 1)) +
    rule(99, group("green", 1)) +
    rule(100, group("blue", 100 - weight) + group("green", weight));
  return `<DescribeRulesResponse><DescribeRulesResult><Rules>${all}</Rules></DescribeRulesResult></DescribeRulesResponse>`;
};
const throttling = {
  json: '{"__type":"ThrottlingException","message":"Rate exceeded"}',
  xml: "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
};

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      calls += 1;
      const isXml = String(request.headers["content-type"]).includes("form");
      if (isSilent) return;
      if (throttled > 0) {
        throttled -= 1;
        return void response.writeHead(400).end(isXml ? throttling.xml : throttling.json);
      }
      if (body.includes("Action=ModifyRule")) weight = 0;
      response.end(isXml ? rulesXml() : '{"Parameters":[],"MetricAlarms":[]}');
    });
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  [throttled, calls, isSilent, weight] = [0, 0, false, 10];
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  // The pauses are random and up to 4 s: none of them here.
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const region = "eu-central-1";
const balancer = () => createLoadBalancer({ region, listenerArn: "arn:listener", rulePriority: 100 });
const everyPort = [
  ["parameters, read", () => createParameters(region).readAll("/deployment-safety/prod/")],
  ["parameters, written", () => createParameters(region).put("/deployment-safety/prod/kill-switch", "{}")],
  ["parameters, created", () => createParameters(region).create("/deployment-safety/prod/lease", "{}")],
  ["alarms", () => createAlarms(region, "school-prod-", "school-prod-release-alarms").states()],
  ["the load balancer", () => balancer().route()],
] as const;

describe.each(everyPort)("a call to AWS for %s", (_, call) => {
  it("is made again until it is no longer throttled", async () => {
    throttled = 4;
    await call();
    expect(calls).toBe(5);
  });
  it("that is throttled for good ends with the error after 5 attempts, and never counts as done", async () => {
    throttled = Infinity;
    await expect(call()).rejects.toThrow(/Rate exceeded/);
    expect(calls).toBe(5);
  });
});

describe("the load balancer's rule", () => {
  const toBlue = { traffic: "open", weights: { blue: 100, green: 0 } } as const;
  it("is moved through a throttled stretch, and read back", async () => {
    const route = await balancer().route();
    throttled = 4;
    expect(await balancer().set(route!, toBlue)).toBe(true);
    expect(weight).toBe(0);
  });
  it("that cannot be moved is an error, not a change", async () => {
    const route = await balancer().route();
    throttled = Infinity;
    await expect(balancer().set(route!, toBlue)).rejects.toThrow(/Rate exceeded/);
    expect(weight).toBe(10);
  });
});

describe("a call to AWS that is never answered", () => {
  it("ends by itself, attempt by attempt", async () => {
    isSilent = true;
    const limits = { attempts: 2, connectionTimeout: 100, requestTimeout: 50 };
    const client = new CloudWatchClient(awsClient(region, limits));
    await expect(client.send(new DescribeAlarmsCommand({}))).rejects.toThrow(/timeout/i);
    expect(calls).toBe(2);
  });
  it("ends with the signal's reason when it is told to", async () => {
    isSilent = true;
    const abort = new AbortController();
    const asking = balancer().route(abort.signal);
    setTimeout(() => abort.abort(new Error("stopped")), 20);
    await expect(asking).rejects.toThrow("stopped");
  });
});
