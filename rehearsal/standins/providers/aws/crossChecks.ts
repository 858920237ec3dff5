/** Rules of AWS that need more than one property; each fault is a sentence that begins with the property. */
/* eslint-disable @typescript-eslint/no-explicit-any -- inputs as they came, of many shapes, checked by nobody before */

type Fault = string | false | undefined;
const list = (value: unknown): any[] => (Array.isArray(value) ? value : []);

function lifecycle(where: string, { coldStorageAfter, deleteAfter }: any = {}): Fault {
  const least = `must be at least 90 days after coldStorageAfter (${coldStorageAfter})`;
  return (
    deleteAfter < coldStorageAfter + 90 && `${where}.lifecycle.deleteAfter is ${deleteAfter}; it ${least}`
  );
}

export const crossChecks: Readonly<Record<string, (inputs: any) => Fault[]>> = {
  "aws:lb/targetGroup:TargetGroup": ({ targetType = "instance", healthCheck, ...given }) => {
    const { timeout = 5, interval = 30 } = healthCheck ?? {};
    return [
      timeout >= interval &&
        `healthCheck.timeout is ${timeout}; it must be less than the interval (${interval})`,
      ...["port", "protocol", "vpcId"].map((key) => {
        const needed = targetType !== "lambda" && given[key] === undefined;
        return needed && `${key} is required for target type ${targetType}`;
      }),
    ];
  },
  "aws:lb/listenerRule:ListenerRule": ({ actions, conditions }) => [
    ...list(actions).flatMap(({ type, forward, targetGroupArn, fixedResponse }, n) => [
      type === "forward" &&
        !forward === !targetGroupArn &&
        `actions[${n}] must have either forward or targetGroupArn`,
      type === "fixed-response" && !fixedResponse && `actions[${n}] must have fixedResponse`,
    ]),
    ...list(conditions).map((one, n) => {
      return Object.keys(one).length !== 1 && `conditions[${n}] must have exactly one kind of condition`;
    }),
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
    const {
      evaluationPeriods,
      datapointsToAlarm,
      metricName,
      metricQueries,
      period,
      statistic,
      extendedStatistic,
    } = alarm;
    const returning = list(metricQueries).filter(({ returnData }) => returnData === true).length;
    const periods = [period, ...list(metricQueries).map((query) => query.metric?.period ?? query.period)];
    const longest = Math.max(...periods.map((one) => Number(one) || 0));
    const seconds = evaluationPeriods * longest;
    const [most, says] = longest < 3600 ? [86_400, "1 day"] : [604_800, "7 days"];
    const ownPeriods = list(metricQueries).flatMap((query) => query.metric?.period ?? []);
    const single = metricName !== undefined;
    return [
      ...["evaluationPeriods", "comparisonOperator"].map(
        (key) => alarm[key] === undefined && `${key} is required`,
      ),
      (alarm.threshold ?? alarm.thresholdMetricId) === undefined && "threshold is required",
      single === (metricQueries !== undefined) && "metricQueries or metricName must be given, and not both",
      single && !period && "period is required with metricName",
      single &&
        !statistic === !extendedStatistic &&
        "statistic or extendedStatistic must be given, and not both",
      Array.isArray(metricQueries) &&
        returning !== 1 &&
        `metricQueries must have exactly one entry with returnData: true; ${returning} have it`,
      datapointsToAlarm > evaluationPeriods &&
        `datapointsToAlarm is ${datapointsToAlarm}; it must be at most evaluationPeriods (${evaluationPeriods})`,
      seconds > most &&
        `evaluationPeriods times the period is ${seconds} s; it must be at most ${most} (${says})`,
      ownPeriods.length > 10 &&
        `metricQueries has ${ownPeriods.length} metrics; an alarm on an expression takes at most 10`,
      new Set(ownPeriods).size > 1 &&
        `metricQueries must all have the same period; they have ${[...new Set(ownPeriods)].join(", ")}`,
    ];
  },
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": ({ alarmRule }) => {
    const named = new Set(String(alarmRule).match(/"[^"]+"/g)).size;
    return [named > 100 && `alarmRule names ${named} alarms; it must be at most 100`];
  },
  "aws:backup/plan:Plan": ({ rules }) => [
    rules === undefined && "rules is required",
    ...list(rules).flatMap(
      ({ lifecycle: days, copyActions, enableContinuousBackup, startWindow = 60, completionWindow }, n) => [
        lifecycle(`rules[${n}]`, days),
        ...list(copyActions).map((copy, m) => lifecycle(`rules[${n}].copyActions[${m}]`, copy.lifecycle)),
        enableContinuousBackup &&
          !(days?.deleteAfter <= 35) &&
          `rules[${n}].lifecycle.deleteAfter must be 1 to 35 days with enableContinuousBackup`,
        completionWindow < startWindow + 60 &&
          `rules[${n}].completionWindow is ${completionWindow}; it must be at least 60 minutes more than startWindow`,
      ],
    ),
  ],
  "aws:backup/vaultLockConfiguration:VaultLockConfiguration": ({
    minRetentionDays: least,
    maxRetentionDays: most,
  }) => [least > most && `minRetentionDays is ${least}; it must be at most maxRetentionDays (${most})`],
};
