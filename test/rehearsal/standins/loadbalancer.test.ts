import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { judge, matches } from "../../../rehearsal/standins/loadbalancer/health";
import { createMetrics } from "../../../rehearsal/standins/loadbalancer/metrics";
import { openListener, type Served } from "../../../rehearsal/standins/loadbalancer/proxy";
import { type Asked, decide, eligible, weighted } from "../../../rehearsal/standins/loadbalancer/routing";
import type {
  Listener,
  Snapshot,
  Target,
  TargetGroup,
} from "../../../rehearsal/standins/loadbalancer/snapshot";
import { createWorkers, type Worker } from "../../../rehearsal/standins/loadbalancer/workers";

const healthCheck = {
  path: "/ready",
  intervalSeconds: 10,
  timeoutSeconds: 2,
  healthyThreshold: 3,
  unhealthyThreshold: 2,
  matcher: "200",
};
const arnOf = (name: string) => `arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/${name}/1`;
const group = (name: string, ...targets: Target[]): TargetGroup => ({
  arn: arnOf(name),
  name,
  healthCheck,
  targets,
});
const target = (state: Target["state"], port = 8080): Target => ({ id: "127.0.0.1", port, state });

const to = (name: string) => ({ Type: "forward", TargetGroupArn: arnOf(name) }) as const;
const byWeight = (weights: Record<string, number>) =>
  ({
    Type: "forward",
    ForwardConfig: {
      TargetGroups: Object.entries(weights).map(([name, Weight]) => ({
        TargetGroupArn: arnOf(name),
        Weight,
      })),
    },
  }) as const;
const fixed = (StatusCode: string) =>
  ({ Type: "fixed-response", FixedResponseConfig: { StatusCode } }) as const;

const listener = (rules: Listener["rules"], defaultActions: Listener["defaultActions"] = [fixed("404")]) =>
  ({
    arn: "arn:aws:elasticloadbalancing:eu-central-1:1:listener/app/school/9/2",
    port: 80,
    defaultActions,
    rules,
  }) satisfies Listener;
const asked = (more: Partial<Asked> = {}): Asked => ({ method: "GET", path: "/", headers: {}, ...more });

describe("a rule's conditions", () => {
  const holds = (condition: Listener["rules"][number]["conditions"][number], request: Partial<Asked>) => {
    const rules = [{ conditions: [condition], actions: [fixed("200")] }];
    const decision = decide(listener(rules), [], asked(request), 0);
    return decision.kind === "fixed" && decision.status === 200;
  };

  it.each([
    ["school.example", "school.example", true],
    ["SCHOOL.example", "school.EXAMPLE", true],
    ["school.example", "school.example:8080", true],
    ["*.example", "a.b.example", true],
    ["*.example", "example", false],
    ["schoo?.example", "school.example", true],
    ["schoo?.example", "schoo.example", false],
    ["school.example", "schoolxexample", false],
  ])("host-header %s and host %s: %s", (value, host, expected) => {
    expect(
      holds({ Field: "host-header", HostHeaderConfig: { Values: [value] } }, { headers: { host } }),
    ).toBe(expected);
    expect(holds({ Field: "host-header", Values: [value] }, { headers: { host } })).toBe(expected);
  });

  it.each([
    ["/grades/*", "/grades/1/notes", true],
    ["/grades/*", "/grades", false],
    ["/Grades", "/grades", false],
  ])("path-pattern %s and path %s: %s (case counts)", (value, path, expected) => {
    expect(holds({ Field: "path-pattern", PathPatternConfig: { Values: ["/x", value] } }, { path })).toBe(
      expected,
    );
  });

  it("http-header compares name and value whatever their case is, with wildcards", () => {
    const condition = {
      Field: "http-header",
      HttpHeaderConfig: { HttpHeaderName: "X-Slot", Values: ["gre*"] },
    };
    expect(holds(condition, { headers: { "x-slot": "GREEN" } })).toBe(true);
    expect(holds(condition, { headers: { "x-slot": "blue" } })).toBe(false);
    expect(holds(condition, {})).toBe(false);
  });

  it("http-request-method compares exactly", () => {
    const condition = { Field: "http-request-method", HttpRequestMethodConfig: { Values: ["POST", "PUT"] } };
    expect(holds(condition, { method: "PUT" })).toBe(true);
    expect(holds(condition, { method: "GET" })).toBe(false);
  });

  it("a condition that is not known is an error, not a match", () => {
    expect(() => holds({ Field: "source-ip" }, {})).toThrow(
      "the condition source-ip, which this load balancer does not know",
    );
  });
});

describe("the choice of a rule", () => {
  const blueFirst = listener([
    {
      conditions: [
        { Field: "path-pattern", Values: ["/a"] },
        { Field: "host-header", Values: ["x"] },
      ],
      actions: [fixed("201")],
    },
    { conditions: [{ Field: "path-pattern", Values: ["/*"] }], actions: [fixed("202")] },
  ]);

  it("needs all conditions of a rule, and takes the first rule that holds", () => {
    expect(decide(blueFirst, [], asked({ path: "/a", headers: { host: "x" } }), 0)).toMatchObject({
      status: 201,
    });
    expect(decide(blueFirst, [], asked({ path: "/a", headers: { host: "y" } }), 0)).toMatchObject({
      status: 202,
    });
  });

  it("falls to the default action when no rule holds", () => {
    expect(decide(blueFirst, [], asked({ path: "other" }), 0)).toMatchObject({ kind: "fixed", status: 404 });
  });

  it("gives a fixed response as configured", () => {
    const config = { StatusCode: "503", ContentType: "application/json", MessageBody: "{}" };
    const paused = listener([], [{ Type: "fixed-response", FixedResponseConfig: config }]);
    expect(decide(paused, [], asked(), 0)).toEqual({
      kind: "fixed",
      status: 503,
      contentType: "application/json",
      body: "{}",
    });
  });
});

describe("weights", () => {
  it("split by share: 90 to 10 gives green exactly the last tenth of the dice", () => {
    const action = byWeight({ blue: 90, green: 10 });
    const picks = Array.from({ length: 100 }, (_, n) => weighted(action, n / 100));
    expect(picks.filter((arn) => arn === arnOf("blue"))).toHaveLength(90);
    expect(picks.slice(90)).toEqual(Array(10).fill(arnOf("green")));
  });

  it("never pick a group of weight 0, at either end", () => {
    for (const random of [0, 0.5, 0.999999]) {
      expect(weighted(byWeight({ blue: 100, green: 0 }), random)).toBe(arnOf("blue"));
      expect(weighted(byWeight({ blue: 0, green: 100 }), random)).toBe(arnOf("green"));
    }
  });

  it("that are all 0 leave nobody to ask", () => {
    const groups = [group("blue", target("healthy"))];
    expect(decide(listener([], [byWeight({ blue: 0 })]), groups, asked(), 0.5)).toMatchObject({
      group: undefined,
      targets: [],
    });
  });

  it("are not shared anew when a group is empty: its share stays without targets", () => {
    const groups = [group("blue", target("healthy")), group("green")];
    const decision = decide(listener([], [byWeight({ blue: 90, green: 10 })]), groups, asked(), 0.95);
    expect(decision).toMatchObject({ group: { name: "green" }, targets: [] });
  });
});

describe("who may be asked", () => {
  it("only the healthy ones, if there are any", () => {
    const healthy = target("healthy", 1);
    expect(eligible([target("initial", 2), healthy, target("unhealthy", 3)])).toEqual([healthy]);
  });

  it("all registered ones when none is healthy (fail open)", () => {
    const registered = [target("initial", 1), target("unhealthy", 2)];
    expect(eligible([...registered, target("draining", 3)])).toEqual(registered);
  });

  it("nobody when all drain or are unused, or there is none", () => {
    expect(eligible([target("draining"), target("unused")])).toEqual([]);
    expect(eligible([])).toEqual([]);
  });
});

describe("health checks", () => {
  it.each([
    ["initial", true, 1, "healthy"],
    ["initial", false, 1, "initial"],
    ["initial", false, 2, "unhealthy"],
    ["healthy", false, 1, "healthy"],
    ["healthy", false, 2, "unhealthy"],
    ["unhealthy", true, 2, "unhealthy"],
    ["unhealthy", true, 3, "healthy"],
  ] as const)("a target that is %s, passed %s, %i in a row: %s", (state, passed, length, expected) => {
    expect(judge(state, { passed, length }, healthCheck)).toBe(expected);
  });

  it("a matcher has codes and ranges", () => {
    expect(["200", "200-299", "200,204"].map((matcher) => matches(matcher, 204))).toEqual([
      false,
      true,
      true,
    ]);
    expect(matches("200-299", 300)).toBe(false);
  });
});

describe("a change", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const empty: Snapshot = { listeners: [], targetGroups: [] };
  const named = (name: string): Snapshot => ({ listeners: [], targetGroups: [group(name)] });
  const seen = ({ view }: Worker) => view.targetGroups[0]?.name;

  it("reaches each worker after its own delay of 0.2 to 2 s", () => {
    const dice = [0, 0.5, 1, 0.25];
    const { workers, change } = createWorkers(4, empty, vi.fn(), () => dice.shift() ?? 0);
    change(named("first"));
    const after = (milliseconds: number) => (vi.advanceTimersByTime(milliseconds), workers.map(seen));
    expect(after(199)).toEqual([undefined, undefined, undefined, undefined]);
    expect(after(2)).toEqual(["first", undefined, undefined, undefined]);
    expect(after(450)).toEqual(["first", undefined, undefined, "first"]);
    expect(after(450)).toEqual(["first", "first", undefined, "first"]);
    expect(after(900)).toEqual(["first", "first", "first", "first"]);
  });

  it("of rules is timed until its last worker has it, one of a target's health is not", () => {
    const dice = [0, 1, 0.5, 0.5];
    const { change, changes } = createWorkers(2, empty, vi.fn(), () => dice.shift() ?? 0);
    const rules: Snapshot = { ...named("first"), listeners: [listener([], [to("blue")])] };
    change(rules);
    change({ ...rules, targetGroups: [group("first", target("healthy"))] });
    expect(changes.map(({ at, appliedAt }) => appliedAt - at)).toEqual([expect.closeTo(2000, 0)]);
  });

  it("never arrives before an earlier one", () => {
    const dice = [1, 0];
    const order: (string | undefined)[] = [];
    const made = createWorkers(
      1,
      empty,
      () => order.push(...made.workers.map(seen)),
      () => dice.shift() ?? 0,
    );
    made.change(named("first"));
    made.change(named("second"));
    vi.advanceTimersByTime(1998);
    expect(order).toEqual([]);
    vi.advanceTimersByTime(3);
    expect(order).toEqual(["first", "second"]);
  });
});

describe("a listener", () => {
  const open: http.Server[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
  const portOf = (server: http.Server) => (server.address() as AddressInfo).port;

  async function upstream(handler: http.RequestListener) {
    const server = http.createServer(handler).listen(0, "127.0.0.1");
    open.push(server);
    await once(server, "listening");
    return { server, at: target("healthy", portOf(server)) };
  }

  /** A listener on a port that the system gives, in front of one group; `idle` in milliseconds. */
  async function inFront(targets: Target[], idle = 60_000) {
    const served: Served[] = [];
    const view: Snapshot = { listeners: [], targetGroups: [group("blue", ...targets)] };
    const { workers } = createWorkers(1, view, vi.fn());
    const server = openListener(0, workers, (one) => served.push(one), idle);
    open.push(server);
    await once(server, "listening");
    view.listeners.push({ ...listener([], [to("blue")]), port: 0 });
    return { url: `http://127.0.0.1:${portOf(server)}`, served };
  }

  it("streams the request's body to the target and the answer back, and adds what the real one adds", async () => {
    const { at } = await upstream((request, response) => {
      response.writeHead(201, { "x-release": "sha256:1", "x-saw": JSON.stringify(request.headers) });
      request.pipe(response);
    });
    const { url, served } = await inFront([at]);
    const body = "x".repeat(300_000);
    const answer = await fetch(url, { method: "POST", body, headers: { "x-forwarded-for": "10.0.0.1" } });
    expect(answer.status).toBe(201);
    expect(await answer.text()).toBe(body);
    const saw = JSON.parse(answer.headers.get("x-saw") ?? "") as Record<string, string>;
    expect(saw).toMatchObject({
      host: url.slice(7),
      "x-forwarded-for": "10.0.0.1, 127.0.0.1",
      "x-forwarded-proto": "http",
    });
    expect(saw["x-amzn-trace-id"]).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    const sent = [...answer.headers.keys()].filter((name) => name !== "x-saw").sort();
    expect(sent).toEqual(["connection", "date", "transfer-encoding", "x-release"]);
    expect(served).toMatchObject([{ code: 201, from: "target", group: { name: "blue" } }]);
  });

  it("answers 502 when a target resets, and does not ask another", async () => {
    const bad = await upstream((request) => request.socket.destroy());
    const good = await upstream((_, response) => response.end("good"));
    const { url, served } = await inFront([bad.at, good.at]);
    expect((await fetch(url)).status).toBe(502);
    expect((await fetch(url)).status).toBe(200);
    expect(served.map(({ code, from }) => [code, from])).toEqual([
      [502, "load balancer"],
      [200, "target"],
    ]);
  });

  it("answers 502 when nobody listens, 503 when nobody is registered, 504 when the target says nothing", async () => {
    const { server, at } = await upstream(vi.fn());
    const silent = await inFront([at], 50);
    expect((await fetch(silent.url)).status).toBe(504);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect((await fetch((await inFront([at])).url)).status).toBe(502);
    const nobody = await fetch((await inFront([])).url);
    expect(nobody.status).toBe(503);
    const sent = ["connection", "content-length", "content-type", "date", "server"];
    expect([...nobody.headers.keys()].sort()).toEqual(sent);
  });

  it("ends the target's request when the client leaves, and counts it as 460", async () => {
    const { server, at } = await upstream(vi.fn());
    const { url, served } = await inFront([at]);
    const asking = once(server, "request") as Promise<[http.IncomingMessage, http.ServerResponse]>;
    const client = http.get(url).on("error", () => undefined);
    const [, response] = await asking;
    const left = once(response, "close");
    client.destroy();
    await left;
    expect(served).toMatchObject([{ code: 460 }]);
  });
});

describe("the figures", () => {
  const snapshot: Snapshot = {
    listeners: [listener([], [to("blue")])],
    targetGroups: [group("blue", target("healthy"), target("unhealthy")), group("unused", target("unused"))],
  };
  const [at] = snapshot.listeners;
  const [blue] = snapshot.targetGroups;
  const measured = (...all: Omit<Served, "listener">[]) => {
    const metrics = createMetrics(() => snapshot);
    for (const one of all) metrics.served({ ...one, listener: at as Listener });
    return metrics;
  };
  const figures = (...all: Omit<Served, "listener">[]) =>
    measured(...all)
      .take(new Date(0))
      .map(({ MetricName, Values = [], Counts = [], Dimensions }) => [
        MetricName,
        Values.reduce((sum, value, index) => sum + value * (Counts[index] ?? 0), 0),
        (Dimensions ?? []).map(({ Name, Value }) => `${Name}=${Value}`).join(" "),
      ]);
  const balancer = "LoadBalancer=app/school/9";
  const ofBlue = `${balancer} TargetGroup=targetgroup/blue/1`;
  /** A figure of a target group is one of its load balancer too. */
  const both = (name: string, value: number) => [
    [name, value, balancer],
    [name, value, ofBlue],
  ];
  const hosts = [...both("HealthyHostCount", 1), ...both("UnHealthyHostCount", 1)];
  const own = (code: number) => [
    ["HTTPCode_ELB_5XX_Count", 1, balancer],
    [`HTTPCode_ELB_${code}_Count`, 1, balancer],
  ];

  it("for CloudWatch count a target's answers by target group, and give no 5xx where there is none", () => {
    const ok = { group: blue, code: 200, from: "target", seconds: 0.25 } as const;
    expect(figures(ok, ok)).toEqual([
      ...both("RequestCount", 2),
      ...both("TargetResponseTime", 0.5),
      ...hosts,
    ]);
  });

  it("for CloudWatch tell a target's 503 from the load balancer's own", () => {
    expect(figures({ group: blue, code: 503, from: "target", seconds: 1 })).toEqual([
      ...both("RequestCount", 1),
      ...both("HTTPCode_Target_5XX_Count", 1),
      ...both("TargetResponseTime", 1),
      ...hosts,
    ]);
    expect(figures({ group: blue, code: 503, from: "load balancer" })).toEqual([...own(503), ...hosts]);
    expect(figures({ group: blue, code: 502, from: "load balancer" })).toEqual([
      ...both("RequestCount", 1),
      ...own(502),
      ...hosts,
    ]);
  });

  it("for CloudWatch name the group whose target took no connection", () =>
    expect(figures({ group: blue, code: 502, from: "load balancer", unconnected: true })).toEqual([
      ...both("RequestCount", 1),
      ...both("TargetConnectionErrorCount", 1),
      ...own(502),
      ...hosts,
    ]));

  it("for CloudWatch keep how the response times are spread, in as many data as it takes", () => {
    const all = Array.from({ length: 400 }, (_, index) => ({
      group: blue,
      code: 200,
      from: "target" as const,
      seconds: (index + 1) / 1000,
    }));
    const times = measured(...all)
      .take(new Date(0))
      .filter(
        ({ MetricName, Dimensions }) => MetricName === "TargetResponseTime" && Dimensions?.length === 2,
      );
    expect(times.every(({ Values = [] }) => Values.length <= 150)).toBe(true);
    const counted = times.flatMap(({ Counts = [] }) => Counts).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(400);
  });

  it("for Prometheus are counters by target group, listener and code", () => {
    const text = measured(
      { group: blue, code: 200, from: "target" },
      { group: blue, code: 502, from: "load balancer" },
      { code: 503, from: "fixed response" },
    ).text();
    expect(text).toBe(
      'lb_requests_total{target_group="blue",listener="80",code="200"} 1\n' +
        'lb_requests_total{target_group="blue",listener="80",code="502"} 1\n' +
        'lb_elb_5xx_total{listener="80",code="502"} 1\n' +
        'lb_fixed_responses_total{listener="80",code="503"} 1\n',
    );
  });
});
