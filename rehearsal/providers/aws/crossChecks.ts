/** Rules of AWS that need more than one property; each fault is a sentence that begins with the property. */
/* eslint-disable @typescript-eslint/no-explicit-any -- inputs as they came, of many shapes, checked by nobody before */

type Fault = string | false | undefined;
const list = (value: unknown): any[] => (Array.isArray(value) ? value : []);

function lifecycle(where: string, { lifecycle: days }: any): Fault {
  if (days?.coldStorageAfter === undefined || !(days.deleteAfter < days.coldStorageAfter + 90)) return false;
  return `${where}.lifecycle.deleteAfter is ${days.deleteAfter}; it must be at least 90 days after coldStorageAfter (${days.coldStorageAfter})`;
}

const planRule = (rule: any, n: number): Fault[] => [
  lifecycle(`rules[${n}]`, rule),
  ...list(rule.copyActions).map((copy, m) => lifecycle(`rules[${n}].copyActions[${m}]`, copy)),
  rule.enableContinuousBackup &&
    !(rule.lifecycle?.deleteAfter <= 35) &&
    `rules[${n}].lifecycle.deleteAfter must be 1 to 35 days with enableContinuousBackup`,
  rule.completionWindow < (rule.startWindow ?? 60) + 60 &&
    `rules[${n}].completionWindow is ${rule.completionWindow}; it must be at least 60 minutes more than startWindow`,
];

export const crossChecks: Readonly<Record<string, (inputs: any) => Fault[]>> = {
  "aws:lb/targetGroup:TargetGroup": ({
    targetType = "instance",
    healthCheck: { timeout = 5, interval = 30 } = {},
    ...given
  }) => [
    ...["port", "protocol", "vpcId"].map(
      (key) =>
        targetType !== "lambda" &&
        given[key] === undefined &&
        `${key} is required for target type ${targetType}`,
    ),
    timeout >= interval &&
      `healthCheck.timeout is ${timeout}; it must be less than the interval (${interval})`,
  ],
  "aws:lb/listenerRule:ListenerRule": ({ actions, conditions }) => [
    ...list(actions).flatMap(({ type, forward, targetGroupArn, fixedResponse }, n) => [
      type === "forward" &&
        !forward === !targetGroupArn &&
        `actions[${n}] must have either forward or targetGroupArn`,
      type === "fixed-response" && !fixedResponse && `actions[${n}] must have fixedResponse`,
    ]),
    ...list(conditions).map(
      (one, n) => Object.keys(one).length !== 1 && `conditions[${n}] must have exactly one kind of condition`,
    ),
  ],
  "aws:ssm/parameter:Parameter": ({ value, insecureValue, tier = "Standard" }) => {
    const size = Buffer.byteLength(String(value ?? insecureValue ?? ""));
    const most = tier === "Standard" ? 4096 : 8192;
    return [
      size === 0 && "value or insecureValue is required and must not be empty",
      size > most && `value has ${size} bytes; tier ${tier} takes at most ${most}`,
    ];
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": (alarm) => {
    const queries = list(alarm.metricQueries);
    const returning = queries.filter(({ returnData }) => returnData === true).length;
    const periods = [alarm.period, ...queries.map(({ period, metric }) => metric?.period ?? period)];
    const seconds = alarm.evaluationPeriods * Math.max(...periods.map((period) => Number(period) || 0));
    return [
      ...["evaluationPeriods", "comparisonOperator"].map(
        (key) => alarm[key] === undefined && `${key} is required`,
      ),
      (alarm.metricName === undefined) === (alarm.metricQueries === undefined) &&
        "metricQueries or metricName must be given, and not both",
      alarm.metricName !== undefined && !alarm.period && "period is required with metricName",
      alarm.metricName !== undefined &&
        !alarm.statistic === !alarm.extendedStatistic &&
        "statistic or extendedStatistic must be given, and not both",
      queries.length > 0 &&
        returning !== 1 &&
        `metricQueries must have exactly one entry with returnData: true; ${returning} have it`,
      alarm.threshold === undefined && alarm.thresholdMetricId === undefined && "threshold is required",
      alarm.datapointsToAlarm > alarm.evaluationPeriods &&
        `datapointsToAlarm is ${alarm.datapointsToAlarm}; it must be at most evaluationPeriods (${alarm.evaluationPeriods})`,
      seconds > 604_800 &&
        `evaluationPeriods times the period is ${seconds} s; it must be at most 604800 (7 days)`,
    ];
  },
  "aws:backup/plan:Plan": ({ rules }) => [
    rules === undefined && "rules is required",
    ...list(rules).flatMap(planRule),
  ],
  "aws:backup/vaultLockConfiguration:VaultLockConfiguration": ({
    minRetentionDays: least,
    maxRetentionDays: most,
  }) => [least > most && `minRetentionDays is ${least}; it must be at most maxRetentionDays (${most})`],
};
