import type { Settings } from "../stack/config";
import type { Slot } from "../stack/names";

/** What an alarm is made of, before CloudWatch's names for the load balancer and the target groups are known. */

/** Whose metric it is: a slot's target group, or the load balancer as a whole. */
export type Source = Slot | "loadBalancer";

/** Dimensions by which CloudWatch finds a source's metrics, from its names for all three. */
export const dimensions = <Name>(of: Source, names: Record<Source, Name>): Record<string, Name> => ({
  LoadBalancer: names.loadBalancer,
  ...(of !== "loadBalancer" && { TargetGroup: names[of] }),
});

/** One metric of `AWS/ApplicationELB` that an alarm or a graph reads. */
export interface Query {
  /** Name in the expression: a lower-case letter, then letters, digits and _. */
  id: string;
  metricName: string;
  /** Sum, Minimum, Maximum or a percentile (`p95`). */
  stat: string;
  of: Source;
}

/** A metric of a source. Default statistic: the sum. */
export const query = (of: Source, id: string, metricName: string, stat = "Sum"): Query => ({
  id,
  metricName,
  stat,
  of,
});

/** A metric alarm. */
export interface AlarmSpec {
  /** Its name after {@link alarmPrefix}. */
  key: string;
  description: string;
  /** At most 10, all over the same period: CloudWatch's limits for an alarm on an expression. */
  queries: Query[];
  /** Of the queries; absent where the only query is what is judged. */
  expression?: string;
  /** What the judged value is, with its unit. */
  label: string;
  /** Seconds: a multiple of 60, since the load balancer reports once a minute. */
  period: number;
  evaluationPeriods: number;
  datapointsToAlarm: number;
  comparison: "GreaterThanThreshold" | "GreaterThanOrEqualToThreshold" | "LessThanThreshold";
  threshold: number;
  /** What a period without data is. */
  missing: "breaching" | "notBreaching";
  /** Whether it notifies the topic. One that only means something together with another does not. */
  rings: boolean;
}

/** An alarm on other alarms: any of the groups, and of a group all. */
export interface CompositeSpec {
  key: string;
  description: string;
  /** Keys of alarms. */
  anyOf: string[][];
}

/** What the alarms of a stack are made from. */
export interface AlarmSettings {
  stack: string;
  settings: Pick<Settings, "application" | "alarms" | "slo" | "sizing" | "release" | "metrics" | "reporting">;
}

/** What the names of a stack's alarms begin with. */
export const alarmPrefix = (application: string, stack: string): string => `${application}-${stack}-`;

/** Name of the topic that a stack's release alarms notify. */
export const alarmTopic = (application: string, stack: string): string =>
  `${alarmPrefix(application, stack)}release-alarms`;

/** Name of the queue in which the commands find what that topic said: the topic's own. */
export const alarmQueue = (application: string, stack: string): string => alarmTopic(application, stack);

/**
 * Rings above the threshold in two minutes of three: one bad minute is noise, and two in a row would miss an error that comes
 * and goes. No data is not breaching.
 */
export const aboveInTwoOfThree = {
  period: 60,
  evaluationPeriods: 3,
  datapointsToAlarm: 2,
  comparison: "GreaterThanThreshold",
  missing: "notBreaching",
  rings: true,
} as const satisfies Partial<AlarmSpec>;

/** What whoever is woken should look at and do, the same in each alarm. */
export const advice = (stack: string): string =>
  `See \`make status STACK=${stack}\`. If a release causes it: \`make rollback STACK=${stack} VERSION=<last good>\`.`;
