import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  output,
} from "@pulumi/pulumi";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import {
  alarmPrefix,
  alarmTopic,
  type AlarmSettings,
  dimensions,
  type AlarmSpec,
  type Source,
} from "../../decisions/alarms/alarm";
import { dashboard } from "../../decisions/alarms/dashboard";
import { compositeRule, releaseAlarms } from "../../decisions/alarms/releaseAlarms";
import type { Slot } from "../../decisions/stack/names";
import { AlarmQueue } from "./alarmQueue";
import { subscribedTopic } from "./subscribedTopic";

export interface ReleaseAlarmsArgs extends AlarmSettings {
  /** ARN of the load balancer that the listener belongs to. */
  loadBalancerArn: Input<string>;
  /** ARN of each slot's target group. */
  targetGroupArns: Record<Slot, Input<string>>;
}

/**
 * Alarms on a bad release, for each slot and for the service as a whole; a composite alarm above them that means "the release
 * is bad"; and a dashboard. All of them notify one topic when they ring and when they clear. They are for people and for the
 * checklist; the gate that judges a canary reads the metrics itself.
 *
 * decisions/alarms decides when each alarm rings and what missing data means to it, with the reason.
 */
export class ReleaseAlarms extends ComponentResource {
  /** ARN of the topic that the alarms notify. */
  readonly topicArn: Output<string>;

  constructor(name: string, args: ReleaseAlarmsArgs, options?: ComponentResourceOptions) {
    super("deployment-safety:components:ReleaseAlarms", name, {}, options);
    const { stack, settings } = args;
    const prefix = alarmPrefix(settings.application.name, stack);
    const topicName = alarmTopic(settings.application.name, stack);
    const topic = subscribedTopic(`${name}-topic`, topicName, settings.alarms.subscribers, this);
    if (settings.reporting)
      new AlarmQueue(
        `${name}-queue`,
        { application: settings.application.name, stack, topicArn: topic.arn },
        { parent: this },
      );
    const actions = { alarmActions: [topic.arn], okActions: [topic.arn] };
    const names = namesOf(args);
    const specs = releaseAlarms(args);

    const alarms = new Map<string, cloudwatch.MetricAlarm | cloudwatch.CompositeAlarm>();
    for (const spec of specs.metric)
      alarms.set(
        spec.key,
        new cloudwatch.MetricAlarm(
          `${name}-${spec.key}`,
          { ...metricAlarm(spec, names), ...(spec.rings ? actions : {}), name: prefix + spec.key },
          { parent: this },
        ),
      );
    for (const spec of specs.composite)
      alarms.set(
        spec.key,
        new cloudwatch.CompositeAlarm(
          `${name}-${spec.key}`,
          {
            alarmName: prefix + spec.key,
            alarmDescription: spec.description,
            // No `actionsSuppressor`: an alarm that something else can silence must not decide whether a release stops.
            alarmRule: compositeRule(prefix, spec),
            ...actions,
          },
          // CloudWatch rejects a rule that names an alarm which does not exist yet.
          { parent: this, dependsOn: spec.anyOf.flat().flatMap((key) => alarms.get(key) ?? []) },
        ),
      );
    const alarmArns = [...alarms.values()].map(({ arn }) => arn);
    const body = output({ balancerArn: args.loadBalancerArn, names, alarmArns }).apply(
      ({ balancerArn, ...known }) =>
        JSON.stringify(dashboard({ ...args, ...known, region: balancerArn.split(":")[3] ?? "" })),
    );
    new cloudwatch.Dashboard(
      `${name}-dashboard`,
      { dashboardName: `${prefix}releases`, dashboardBody: body },
      { parent: this },
    );
    this.topicArn = topic.arn;
    this.registerOutputs({ topicArn: this.topicArn });
  }
}

/** The name by which CloudWatch knows a load balancer or a target group: the last part of its ARN. */
const afterColon = (arn: string): string => arn.slice(arn.lastIndexOf(":") + 1);

function namesOf({ loadBalancerArn, targetGroupArns }: ReleaseAlarmsArgs): Record<Source, Output<string>> {
  return {
    loadBalancer: output(loadBalancerArn).apply((arn) => afterColon(arn).replace("loadbalancer/", "")),
    blue: output(targetGroupArns.blue).apply(afterColon),
    green: output(targetGroupArns.green).apply(afterColon),
  };
}

/** The alarm as CloudWatch takes it. */
function metricAlarm(spec: AlarmSpec, names: ReturnType<typeof namesOf>): cloudwatch.MetricAlarmArgs {
  const { period, expression, label } = spec;
  return {
    alarmDescription: spec.description,
    comparisonOperator: spec.comparison,
    threshold: spec.threshold,
    evaluationPeriods: spec.evaluationPeriods,
    datapointsToAlarm: spec.datapointsToAlarm,
    treatMissingData: spec.missing,
    metricQueries: [
      ...spec.queries.map(({ id, metricName, stat, of }) => ({
        id,
        metric: {
          namespace: "AWS/ApplicationELB",
          metricName,
          period,
          stat,
          dimensions: dimensions(of, names),
        },
        ...(expression === undefined && { label, returnData: true }),
      })),
      ...(expression === undefined ? [] : [{ id: "judged", label, expression, returnData: true }]),
    ],
  };
}
