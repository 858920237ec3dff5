import { beforeAll, describe, expect, it } from "vitest";
import { ReleaseAlarms } from "../../../components/alarms/releaseAlarms";
import { type Declared, declare, named, promiseOf, stack } from "../declared";
import { settingsWith } from "../settings";

interface Query {
  id: string;
  expression?: string;
  returnData?: boolean;
  metric?: { metricName: string; stat: string; period: number; dimensions: Record<string, string> };
}

const blue = { version: "1.0.0", image: `example.com/school@sha256:${"a".repeat(64)}`, revision: "3f2a77aa" };
const arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012";
const metricAlarm = "aws:cloudwatch/metricAlarm:MetricAlarm";
const compositeAlarm = "aws:cloudwatch/compositeAlarm:CompositeAlarm";

describe("the alarms of a release", () => {
  let resources: Map<string, Declared>;
  let topicArn: string;
  beforeAll(async () => {
    let alarms: ReleaseAlarms | undefined;
    resources = await declare(() => {
      alarms = new ReleaseAlarms("alarms", {
        stack,
        settings: settingsWith(
          { serial: 1, traffic: "open", slots: { blue } },
          { alarms: { maxErrorPercent: 2, maxUnhealthyHosts: 1, maxConnectionErrors: 7 } },
        ),
        loadBalancerArn: `${arn}:loadbalancer/app/school/50dc`,
        targetGroupArns: {
          blue: `${arn}:targetgroup/school-prod-blue/b1`,
          green: `${arn}:targetgroup/school-prod-green/c2`,
        },
      });
    });
    topicArn = alarms ? await promiseOf(alarms.topicArn) : "";
  });

  const inputs = (name: string) => named(resources, `alarms-${name}`).inputs;
  const queries = (name: string) => inputs(name).metricQueries as Query[];
  const all = (type: string) => [...resources.values()].filter((resource) => resource.type === type);
  const isHalf = ({ name }: Declared) => /-burn-/.test(name);

  it("exist for each slot, for the service and for the load balancer", () => {
    const names = all(metricAlarm).map((alarm) => alarm.inputs.name as string);
    const ofSlot = ["errors", "latency", "unhealthy-hosts", "healthy-hosts", "connection-errors"];
    const burns = ["1h", "5m", "6h", "30m"].map((window) => `burn-${window}`);
    const wanted = [
      ...["blue", "green"].flatMap((slot) => [...ofSlot, ...burns].map((kind) => `${slot}-${kind}`)),
      ...burns.map((kind) => `service-${kind}`),
      "load-balancer-errors",
    ];
    expect(names.sort()).toEqual(wanted.map((name) => `school-prod-${name}`).sort());
    expect(
      all(compositeAlarm)
        .map((alarm) => alarm.inputs.alarmName)
        .sort(),
    ).toEqual([
      "school-prod-blue-burn",
      "school-prod-green-burn",
      "school-prod-release-is-bad",
      "school-prod-service-burn",
    ]);
  });

  it("ring and clear through one topic, but for the windows that say something only two together", () => {
    expect(inputs("topic").name).toBe("school-prod-release-alarms");
    for (const alarm of [...all(metricAlarm), ...all(compositeAlarm)]) {
      if (isHalf(alarm)) {
        expect(alarm.inputs).not.toHaveProperty("alarmActions");
        expect(alarm.inputs).not.toHaveProperty("okActions");
      } else expect([alarm.inputs.alarmActions, alarm.inputs.okActions]).toEqual([[topicArn], [topicArn]]);
    }
  });

  it("have a composite that nothing silences, made after the alarms that it names", () => {
    const bad = named(resources, "alarms-release-is-bad");
    expect(bad.inputs).not.toHaveProperty("actionsSuppressor");
    expect(bad.inputs).not.toHaveProperty("actionsEnabled");
    expect(bad.inputs.alarmRule).toContain('ALARM("school-prod-green-errors") OR ');
    expect(bad.dependsOn).toEqual(
      expect.arrayContaining(["alarms-blue-burn", "alarms-green-errors", "alarms-load-balancer-errors"]),
    );
    expect(named(resources, "alarms-service-burn").dependsOn).toContain("alarms-service-burn-30m");
  });

  it("judge each slot by its own target group, and the load balancer by itself", () => {
    for (const { metric } of queries("green-errors").filter(({ metric }) => metric))
      expect(metric?.dimensions).toEqual({
        LoadBalancer: "app/school/50dc",
        TargetGroup: "targetgroup/school-prod-green/c2",
      });
    expect(queries("load-balancer-errors")[0]?.metric).toMatchObject({
      metricName: "HTTPCode_ELB_502_Count",
      dimensions: { LoadBalancer: "app/school/50dc" },
    });
  });

  it("judge exactly one value each, over one period", () => {
    for (const { inputs: alarm } of all(metricAlarm)) {
      const given = alarm.metricQueries as Query[];
      expect(given.filter(({ returnData }) => returnData)).toHaveLength(1);
      expect(new Set(given.flatMap(({ metric }) => metric?.period ?? [])).size).toBe(1);
      expect(alarm).not.toHaveProperty("metricName");
    }
  });

  it("judge errors as a share, and only of enough requests or enough failures", () => {
    const { expression } = queries("blue-errors").find(({ id }) => id === "judged") ?? {};
    expect(expression).toBe(
      "IF(requests >= 100 OR FILL(failed, 0) >= 10, 100 * FILL(failed, 0) / requests, 0)",
    );
    expect(inputs("blue-errors")).toMatchObject({ threshold: 2, evaluationPeriods: 3, datapointsToAlarm: 2 });
  });

  it("judge latency against the objective, in the seconds that the metric has", () => {
    expect(inputs("blue-latency").threshold).toBe(0.5);
    expect(
      queries("blue-latency").find(({ metric }) => metric?.metricName === "TargetResponseTime")?.metric?.stat,
    ).toBe("p95");
  });

  it("count pods and connections against what the config allows", () => {
    expect(inputs("green-unhealthy-hosts")).toMatchObject({ threshold: 1, datapointsToAlarm: 3 });
    expect(queries("green-unhealthy-hosts")).toMatchObject([
      { returnData: true, metric: { metricName: "UnHealthyHostCount", stat: "Maximum" } },
    ]);
    expect(inputs("green-connection-errors")).toMatchObject({ threshold: 7, datapointsToAlarm: 2 });
  });

  it("tell whoever is woken what to do", () => {
    for (const alarm of [...all(metricAlarm), ...all(compositeAlarm)])
      if (!isHalf(alarm))
        expect(alarm.inputs.alarmDescription).toMatch(
          /make status STACK=prod.*make rollback STACK=prod VERSION=/,
        );
  });

  it("have a page with what each slot gets, its errors, latency, pods and burn", () => {
    const { dashboardName, dashboardBody } = inputs("dashboard");
    expect(dashboardName).toBe("school-prod-releases");
    const { widgets } = JSON.parse(dashboardBody as string) as {
      widgets: { type: string; x: number; width: number; properties: Record<string, unknown> }[];
    };
    const titles = widgets.map(({ properties }) => properties.title);
    for (const part of ["Requests", "Share", "5xx", "made itself", "Latency", "Pods", "Burn", "Alarms"])
      expect(titles.join("; ")).toContain(part);
    for (const { type, x, width, properties } of widgets) {
      expect(x + width).toBeLessThanOrEqual(24);
      if (type === "metric") expect(properties.region).toBe("eu-central-1");
    }
    expect((widgets.find(({ type }) => type === "alarm")?.properties.alarms as string[]).length).toBe(27);
    expect(dashboardBody).toContain('"TargetGroup","targetgroup/school-prod-green/c2"');
  });
});
