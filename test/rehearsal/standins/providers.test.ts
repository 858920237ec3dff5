import { describe, expect, it, vi } from "vitest";
import type { DiffResponse } from "@pulumi/pulumi/proto/provider_pb";
import { catalog } from "../../../rehearsal/standins/providers/aws/catalog";
import { awsProvider } from "../../../rehearsal/standins/providers/aws/provider";
import { schemaOf } from "../../../rehearsal/standins/providers/aws/schema";
import { changesBetween, drifted, pathText } from "../../../rehearsal/standins/providers/diff";
import { diffResponse } from "../../../rehearsal/standins/providers/host";
import { kubernetesProvider } from "../../../rehearsal/standins/providers/kubernetes/provider";
import { readiness } from "../../../rehearsal/standins/providers/kubernetes/readiness";
import type { Api, KubeObject } from "../../../rehearsal/standins/providers/kubernetes/api";
import type { Call, Provider } from "../../../rehearsal/standins/providers/provider";
import {
  fromStruct,
  grpcError,
  InitFailed,
  toStruct,
  unknown,
  type Props,
} from "../../../rehearsal/standins/providers/wire";

// Nothing listens on port 1, so a check, diff or preview that used the network would fail.
const aws = awsProvider("http://127.0.0.1:1");
const kubernetes = kubernetesProvider();
const seed = new Uint8Array([1, 2, 3]);

const callOf = (type: string, config = {}): Call => ({
  name: "thing",
  type,
  config: { region: "eu-central-1", kubeconfig: "/nowhere", ...config },
  timeoutSeconds: 1,
  signal: new AbortController().signal,
  status: () => undefined,
});
const reasons = (type: string, inputs: Props, provider: Provider = aws): string[] =>
  provider.check(callOf(type), inputs, undefined, seed).failures.map(({ reason }) => reason);
const replacementOf = async (provider: Provider, type: string, old: Props, inputs: Props) =>
  provider.replacement(callOf(type), changesBetween(old, inputs), old, inputs);

const group = "aws:lb/targetGroup:TargetGroup";
const rule = "aws:lb/listenerRule:ListenerRule";
const parameter = "aws:ssm/parameter:Parameter";
const alarm = "aws:cloudwatch/metricAlarm:MetricAlarm";
const composite = "aws:cloudwatch/compositeAlarm:CompositeAlarm";
const plan = "aws:backup/plan:Plan";
const arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/b/c";

/** Inputs without a fault; each test changes one thing. */
const good: Record<string, Props> = {
  [group]: {
    name: "school-prod-blue",
    port: 8000,
    protocol: "HTTP",
    targetType: "ip",
    vpcId: "vpc-1",
    deregistrationDelay: 30,
    healthCheck: { path: "/ready", interval: 5, timeout: 2, healthyThreshold: 2 },
  },
  [rule]: {
    listenerArn: arn,
    priority: 10,
    conditions: [{ hostHeader: { values: ["a.example"] } }],
    actions: [
      {
        type: "forward",
        forward: {
          targetGroups: [
            { arn: "arn:a", weight: 90 },
            { arn: "arn:b", weight: 10 },
          ],
        },
      },
    ],
  },
  [parameter]: { name: "/deployment-safety/prod/release", type: "String", value: "{}" },
  [alarm]: {
    name: "errors",
    comparisonOperator: "GreaterThanThreshold",
    evaluationPeriods: 3,
    threshold: 1,
    metricName: "m",
    namespace: "n",
    period: 60,
    statistic: "Sum",
  },
  [composite]: { alarmName: "bad", alarmRule: 'ALARM("errors")' },
  [plan]: {
    name: "hourly",
    rules: [
      {
        ruleName: "hourly",
        targetVaultName: "vault",
        schedule: "cron(0 * * * ? *)",
        lifecycle: { deleteAfter: 35 },
        enableContinuousBackup: true,
      },
    ],
  },
};

const tooMany = Array.from({ length: 11 }, () => 60);
const queries = (...periods: number[]): Props[] =>
  periods.map((period, n) => ({
    id: `m${n}`,
    returnData: n === 0,
    metric: { namespace: "n", metricName: "m", stat: "Sum", period },
  }));

describe("inputs of AWS resources", () => {
  it.each(Object.keys(good))("%s has no fault when all is well", (type) => {
    expect(reasons(type, good[type] ?? {})).toEqual([]);
  });

  it.each<[string, Props, string]>([
    [
      group,
      { name: "a".repeat(33) },
      `name is "${"a".repeat(33)}"; it must be 1 to 32 letters, digits and inner hyphens, and not begin with internal-`,
    ],
    [group, { port: 0 }, "port is 0; it must be 1 to 65535"],
    [group, { deregistrationDelay: 3601 }, "deregistrationDelay is 3601; it must be 0 to 3600"],
    [group, { healthCheck: { interval: 4, timeout: 2 } }, "healthCheck.interval is 4; it must be 5 to 300"],
    [
      group,
      { healthCheck: { interval: 5, timeout: 5 } },
      "healthCheck.timeout is 5; it must be less than the interval (5)",
    ],
    [
      group,
      { healthCheck: { interval: 10, timeout: 2, healthyThreshold: 1 } },
      "healthCheck.healthyThreshold is 1; it must be 2 to 10",
    ],
    [group, { healthCheck: { pathh: "/" } }, `healthCheck.pathh is not known to the rehearsal's ${group}`],
    [group, { slowStart: 30 }, `slowStart is not known to the rehearsal's ${group}`],
    [rule, { priority: 50001 }, "priority is 50001; it must be 1 to 50000"],
    [
      rule,
      { actions: [{ type: "forward", forward: { targetGroups: [{ arn: "arn:a", weight: 1000 }] } }] },
      "actions[0].forward.targetGroups[0].weight is 1000; it must be 0 to 999",
    ],
    [rule, { actions: [{ type: "forward" }] }, "actions[0] must have either forward or targetGroupArn"],
    [
      rule,
      { actions: [{ type: "redirect" }] },
      'actions[0].type is "redirect"; it must be one of forward fixed-response',
    ],
    [
      rule,
      {
        actions: [
          { type: "fixed-response", fixedResponse: { contentType: "application/json", statusCode: "302" } },
        ],
      },
      'actions[0].fixedResponse.statusCode is "302"; it must be a 2xx, 4xx or 5xx status',
    ],
    [
      parameter,
      { name: "no spaces" },
      'name is "no spaces"; it must be a name of letters, digits, _ . -, or a path of 1 to 15 of them that begins with /, and not begin with aws or ssm',
    ],
    [parameter, { value: "x".repeat(4097) }, "value has 4097 bytes; tier Standard takes at most 4096"],
    [alarm, { period: 45 }, "period is 45; it must be 10, 20, 30 or a multiple of 60 seconds"],
    [alarm, { datapointsToAlarm: 4 }, "datapointsToAlarm is 4; it must be at most evaluationPeriods (3)"],
    [
      alarm,
      { evaluationPeriods: 1441, datapointsToAlarm: 1 },
      "evaluationPeriods times the period is 86460 s; it must be at most 86400 (1 day)",
    ],
    [
      alarm,
      { period: 3600, evaluationPeriods: 169 },
      "evaluationPeriods times the period is 608400 s; it must be at most 604800 (7 days)",
    ],
    [composite, { alarmRule: "" }, 'alarmRule is ""; it must be 1 to 10240 characters'],
    [
      composite,
      { alarmRule: Array.from({ length: 101 }, (_, n) => `ALARM("a${n}")`).join(" OR ") },
      "alarmRule names 101 alarms; it must be at most 100",
    ],
    [
      plan,
      { rules: [{ ruleName: "r", targetVaultName: "vault", schedule: "every hour" }] },
      'rules[0].schedule is "every hour"; it must be cron(minutes hours day-of-month month day-of-week year) or rate(number unit)',
    ],
    [
      plan,
      {
        rules: [
          { ruleName: "r", targetVaultName: "vault", lifecycle: { coldStorageAfter: 30, deleteAfter: 119 } },
        ],
      },
      "rules[0].lifecycle.deleteAfter is 119; it must be at least 90 days after coldStorageAfter (30)",
    ],
  ])("%s with %j is refused", (type, change, reason) => {
    expect(reasons(type, { ...good[type], ...change })).toEqual([reason]);
  });

  it.each<[Props[], string]>([
    [queries(60, 300), "metricQueries must all have the same period; they have 60, 300"],
    [queries(...tooMany), "metricQueries has 11 metrics; an alarm on an expression takes at most 10"],
  ])("an alarm on %j is refused", (metricQueries, reason) => {
    const { metricName: _m, namespace: _n, period: _p, statistic: _s, ...rest } = good[alarm] ?? {};
    expect(reasons(alarm, { ...rest, metricQueries })).toEqual([reason]);
  });

  it("reports an unknown and a missing property, both, by name", () => {
    const { listenerArn: _, ...rest } = good[rule] ?? {};
    const found = reasons(rule, { ...rest, prioritty: 3 });
    expect(found).toEqual([
      expect.stringMatching(/^prioritty is no property of aws:lb.*it has actions, /),
      "listenerArn is required",
    ]);
  });

  it("names a type that the rehearsal does not have", () => {
    expect(() => reasons("aws:s3/bucket:Bucket", {})).toThrow("The rehearsal has no aws:s3/bucket:Bucket.");
  });

  it("does not judge what a preview cannot know yet", () => {
    expect(reasons(rule, { ...good[rule], listenerArn: unknown, actions: unknown })).toEqual([]);
    expect(reasons(group, { ...good[group], healthCheck: unknown, port: unknown })).toEqual([]);
  });

  it.each(Object.keys(catalog))("%s and its rules use names that the SDK has", (type) => {
    const { inputs } = schemaOf(type);
    const { rules, forceNew, autoname } = catalog[type] ?? { rules: {}, forceNew: [] };
    const used = [
      ...Object.keys(rules),
      ...(forceNew === "*" ? [] : forceNew),
      ...(autoname ? [autoname] : []),
    ];
    expect(used.map((path) => path.split(/[.[]/)[0] ?? "").filter((name) => !inputs.has(name))).toEqual([]);
  });
});

describe("automatic names", () => {
  const role = "aws:iam/role:Role";
  it("are the same for one seed, marked, and kept over updates", () => {
    const first = aws.check(callOf(role), { assumeRolePolicy: "{}" }, undefined, seed).inputs;
    expect(first["name"]).toMatch(/^thing-[0-9a-f]{7}$/);
    const next = aws.check(callOf(role), { assumeRolePolicy: "{}" }, first, new Uint8Array([9])).inputs;
    expect(next).toEqual(first);
  });

  it("leave a Kubernetes object its name over updates, and a declared one alone", () => {
    const type = "kubernetes:core/v1:ConfigMap";
    const inputs = { apiVersion: "v1", kind: "ConfigMap" };
    const first = kubernetes.check(callOf(type), inputs, undefined, seed).inputs;
    expect(first["metadata"]).toMatchObject({ name: expect.stringMatching(/^thing-[0-9a-f]{7}$/) as string });
    expect(kubernetes.check(callOf(type), inputs, first, new Uint8Array([9])).inputs).toEqual(first);
    const named = { ...inputs, metadata: { name: "mine" } };
    expect(kubernetes.check(callOf(type), named, first, seed).inputs).toEqual(named);
  });
});

describe("what a change does", () => {
  it("moves weights and priority in place, and replaces a rule for another listener", async () => {
    const old = good[rule] ?? {};
    const weights = { ...old, priority: 11, actions: [{ type: "forward", targetGroupArn: "arn:a" }] };
    expect(await replacementOf(aws, rule, old, weights)).toEqual({
      replaces: [],
      deleteBeforeReplace: false,
    });
    const moved = { ...old, listenerArn: `${arn}x` };
    expect(await replacementOf(aws, rule, old, moved)).toEqual({
      replaces: ["listenerArn"],
      deleteBeforeReplace: false,
    });
  });

  it("deletes a target group first when the new one has the same name", async () => {
    const old = good[group] ?? {};
    const result = await replacementOf(aws, group, old, { ...old, port: 9000 });
    expect(result).toEqual({ replaces: ["port"], deleteBeforeReplace: true });
    const renamed = await replacementOf(aws, group, old, { ...old, name: "other" });
    expect(renamed).toEqual({ replaces: ["name"], deleteBeforeReplace: false });
  });

  it("replaces a Job whose pods change, and updates a Deployment's in place", async () => {
    const object = (kind: string, image: string) => ({
      apiVersion: "x/v1",
      kind,
      metadata: { name: "a" },
      spec: { template: { image } },
    });
    const job = await replacementOf(
      kubernetes,
      "kubernetes:batch/v1:Job",
      object("Job", "a"),
      object("Job", "b"),
    );
    expect(job).toEqual({ replaces: ["spec.template.image"], deleteBeforeReplace: true });
    const type = "kubernetes:apps/v1:Deployment";
    const deployment = await replacementOf(
      kubernetes,
      type,
      object("Deployment", "a"),
      object("Deployment", "b"),
    );
    expect(deployment.replaces).toEqual([]);
  });

  it("makes the new ConfigMap first if its name is automatic, and last if it is declared", async () => {
    const type = "kubernetes:core/v1:ConfigMap";
    const map = (data: string, annotations: Props): Props => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", annotations },
      data: { data },
    });
    const automatic = { "pulumi.com/autonamed": "true" };
    const first = await replacementOf(kubernetes, type, map("1", automatic), map("2", automatic));
    expect(first).toEqual({ replaces: ["data.data"], deleteBeforeReplace: false });
    const last = await replacementOf(kubernetes, type, map("1", {}), map("2", {}));
    expect(last).toEqual({ replaces: ["data.data"], deleteBeforeReplace: true });
  });

  it("is told to the engine with paths, kinds and replacements", () => {
    const changes = changesBetween(
      { a: [{ b: 1 }], gone: true, m: { "x.y/z": 1 } },
      { a: [{ b: 2 }, { b: 3 }], m: { "x.y/z": 2 } },
    );
    const details = (response: DiffResponse) =>
      response
        .getDetaileddiffMap()
        .getEntryList()
        .map(([path]) => [path, response.getDetaileddiffMap().get(path)?.getKind()]);
    const response = diffResponse(changes, ["gone"], true);
    expect(details(response)).toEqual([
      ["a[0].b", 4],
      ["a[1]", 0],
      ["gone", 3],
      ['m["x.y/z"]', 4],
    ]);
    expect(response.toObject()).toMatchObject({
      changes: 2,
      replacesList: ["gone"],
      deletebeforereplace: true,
      diffsList: ["a", "gone", "m"],
    });
    expect(diffResponse([], [], false).getChanges()).toBe(1);
  });
});

describe("previews", () => {
  it("show outputs that AWS computes as unknown and the rest as declared, without a request", () => {
    const outputs = aws.preview(callOf(group), good[group] ?? {});
    expect(outputs).toMatchObject({
      arn: unknown,
      arnSuffix: unknown,
      name: "school-prod-blue",
      region: "eu-central-1",
    });
  });
});

describe("drift", () => {
  it("is what differs from the declaration, not what the service adds or writes in another way", () => {
    const declared = {
      actions: [{ type: "forward", weights: [90, 10] }],
      statusCode: "503",
      gone: 1,
      __defaults: ["x"],
    };
    const live = {
      actions: [{ type: "forward", order: 1, weights: [0, 100] }],
      statusCode: 503,
      added: true,
    };
    expect(drifted(declared, live)).toEqual({
      actions: [{ type: "forward", weights: [0, 100] }],
      statusCode: "503",
      __defaults: ["x"],
    });
  });
});

describe("readiness of Kubernetes objects", () => {
  const pod = (container: object) => ({
    metadata: { name: "web-1" },
    status: { containerStatuses: [{ name: "web", ...container }] },
  });
  const api = (pods: object[]): Api => ({
    apply: vi.fn(),
    get: vi.fn(),
    remove: vi.fn(),
    list: (_, kind) => Promise.resolve((kind === "Pod" ? pods : []) as KubeObject[]),
  });
  const deployment = (status: Props, annotations = {}): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "n", generation: 2, annotations },
    spec: { replicas: 2, selector: { matchLabels: { app: "web" } } },
    status,
  });
  const settled = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };

  it("needs every replica available, of this version, and no old one left", async () => {
    expect(await readiness(api([]), deployment(settled))).toEqual({ ready: true });
    for (const change of [
      { observedGeneration: 1 },
      { replicas: 3 },
      { updatedReplicas: 1 },
      { availableReplicas: 1 },
    ]) {
      expect(await readiness(api([]), deployment({ ...settled, ...change }))).toMatchObject({
        ready: false,
        failed: false,
      });
    }
  });

  it("fails at once, with the pod's last words, when waiting will not help", async () => {
    const crashed = pod({
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 3, message: "no such table\n" } },
    });
    const result = await readiness(api([crashed]), deployment({ ...settled, availableReplicas: 0 }));
    expect(result).toMatchObject({
      failed: true,
      why: [
        expect.stringMatching(/^0 of 2/),
        "pod web-1, web: CrashLoopBackOff; ended with 3: no such table",
      ],
    });
  });

  it("gives the termination message of a Job that failed", async () => {
    const job = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "m" },
      status: {
        conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "limit" }],
      },
    };
    const result = await readiness(
      api([pod({ state: { terminated: { exitCode: 1, message: "duplicate key" } } })]),
      job,
    );
    expect(result).toEqual({
      ready: false,
      failed: true,
      why: ["the Job failed: BackoffLimitExceeded: limit", "pod web-1, web: ended with 1: duplicate key"],
    });
  });

  it("is not looked at under pulumi.com/skipAwait", async () => {
    expect(await readiness(api([]), deployment({}, { "pulumi.com/skipAwait": "true" }))).toEqual({
      ready: true,
    });
  });
});

describe("the wire", () => {
  it("carries properties without nulls, there and back", () => {
    const props = { a: [1, "x", { b: true }], c: { d: unknown } };
    expect(fromStruct(toStruct({ ...props, e: null, f: undefined }))).toEqual(props);
    expect(fromStruct(undefined)).toEqual({});
  });

  it("puts an object that exists but is not ready into the error's details", () => {
    const state = { id: "n/web", outputs: { a: 1 }, inputs: { a: 1 } };
    const error = grpcError(new InitFailed(state, ["too slow"]));
    expect(error.details).toContain("too slow");
    const [bytes] = error.metadata.get("grpc-status-details-bin");
    expect(String(bytes)).toContain("pulumirpc.ErrorResourceInitFailed");
    expect(grpcError(new Error("plain")).metadata.get("grpc-status-details-bin")).toEqual([]);
  });

  it("writes paths as Pulumi does", () => {
    expect(pathText(["metadata", "annotations", "a.b/c", 0, "d"])).toBe('metadata.annotations["a.b/c"][0].d');
  });
});
