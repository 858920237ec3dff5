import { beforeAll, describe, expect, it } from "vitest";
import { ReleaseAlarms } from "../../components/releaseAlarms";
import { type Declared, declare, named, promiseOf, stack } from "./declared";
import { settingsWith } from "./settings";

interface Query {
  id: string;
  expression?: string;
  metric?: { metricName: string; stat: string; dimensions: Record<string, string> };
}

const arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012";

describe("the alarms of a release", () => {
  let resources: Map<string, Declared>;
  let topicArn: string;
  beforeAll(async () => {
    let alarms: ReleaseAlarms | undefined;
    resources = await declare(() => {
      alarms = new ReleaseAlarms("alarms", {
        stack,
        settings: settingsWith({}, { alarms: { maxErrorPercent: 2, maxUnhealthyHosts: 1 } }),
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

  it("exist for errors, latency and unhealthy hosts of each slot, and once for the load balancer", () => {
    const names = [...resources.values()]
      .filter(({ type }) => type === "aws:cloudwatch/metricAlarm:MetricAlarm")
      .map((alarm) => alarm.inputs.name as string);
    expect(names.sort()).toEqual([
      "school-prod-blue-errors",
      "school-prod-blue-latency",
      "school-prod-blue-unhealthy-hosts",
      "school-prod-green-errors",
      "school-prod-green-latency",
      "school-prod-green-unhealthy-hosts",
      "school-prod-load-balancer-errors",
    ]);
  });

  it("ring and clear through one topic", () => {
    expect(inputs("topic").name).toBe("school-prod-release-alarms");
    for (const { type, inputs: alarm } of resources.values())
      if (type === "aws:cloudwatch/metricAlarm:MetricAlarm")
        expect([alarm.alarmActions, alarm.okActions]).toEqual([[topicArn], [topicArn]]);
  });

  it("judge each slot by its own target group", () => {
    for (const { metric } of queries("green-errors").filter(({ metric }) => metric))
      expect(metric?.dimensions).toEqual({
        LoadBalancer: "app/school/50dc",
        TargetGroup: "targetgroup/school-prod-green/c2",
      });
    expect(inputs("blue-unhealthy-hosts").dimensions).toMatchObject({
      TargetGroup: "targetgroup/school-prod-blue/b1",
    });
  });

  it("judge errors as a share, and only of enough requests or enough failures", () => {
    const { expression } = queries("blue-errors").find(({ id }) => id === "percent") ?? {};
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

  it("count unhealthy hosts above what the config allows", () => {
    expect(inputs("green-unhealthy-hosts")).toMatchObject({
      threshold: 1,
      statistic: "Maximum",
      datapointsToAlarm: 3,
    });
  });

  it("see what only the load balancer sees: answers that no pod has given", () => {
    expect(inputs("load-balancer-errors")).toMatchObject({
      metricName: "HTTPCode_ELB_5XX_Count",
      dimensions: { LoadBalancer: "app/school/50dc" },
    });
  });

  it("say for each what no data means, and tell whoever is woken what to do", () => {
    for (const { type, inputs: alarm } of resources.values())
      if (type === "aws:cloudwatch/metricAlarm:MetricAlarm") {
        expect(alarm.treatMissingData).toBe("notBreaching");
        expect(alarm.alarmDescription).toMatch(/make status STACK=prod.*make rollback STACK=prod VERSION=/);
        // CloudWatch's limit.
        expect((alarm.alarmDescription as string).length).toBeLessThanOrEqual(1024);
      }
  });
});
