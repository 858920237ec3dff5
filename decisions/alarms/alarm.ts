import type { Settings } from "../stack/config";
import type { Slot } from "../stack/names";

/** What an alarm is made of, before CloudWatch's names for the load balancer and the target groups are known. */

/** Whose metric it is: a slot's target group, or the load balancer as a whole. */
export type Source = Slot | "loadBalancer";

/** Dimensions by which CloudWatch finds a source's metrics, from the names that it knows the three by. */
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
  /** Whether it tells the topic. One that only says something together with another does not. */
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

/** Name of the topic that a stack's release alarms tell. */
export const alarmTopic = (application: string, stack: string): string =>
  `${alarmPrefix(application, stack)}release-alarms`;

/** Name of the queue in which the commands find what that topic told. */
export const alarmQueue = (application: string, stack: string): string =>
  `${alarmPrefix(application, stack)}release-alarms`;

/**
 * The longest that an alarm can look back, seconds: period times evaluation periods. A day for periods below an hour, seven
 * days for others (CloudWatch API reference, PutMetricAlarm, Period).
 */
export const longestLook = (period: number): number => (period < 3_600 ? 86_400 : 604_800);

/** Two bad minutes of three: one is noise, and two in a row would miss an error that comes and goes. */
export const twoOfThree = { period: 60, evaluationPeriods: 3, datapointsToAlarm: 2 } as const;

/** Three bad minutes of three, for what is bad for a minute or two in the course of things. */
export const threeOfThree = { ...twoOfThree, datapointsToAlarm: 3 } as const;

/** Requests in a minute below which a ratio or a percentile says nothing: at 1 % they would be chance. */
export const minRequests = 100;

/** So many failures in a minute count whatever the number of requests is: a quiet night must not hide an outage. */
export const minFailures = 10;

/** What whoever is woken should look at and do, the same in each alarm. */
export const advice = (stack: string): string =>
  `See \`make status STACK=${stack}\`. If a release causes it: \`make rollback STACK=${stack} VERSION=<last good>\`.`;
