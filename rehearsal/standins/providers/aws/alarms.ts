/** CloudWatch metric and composite alarms. */
import * as cloudwatch from "@aws-sdk/client-cloudwatch";
import type { Props } from "../wire";
import { fromApi, toApi, type Fields } from "./fields";
import { perRegion, tagList, tagMap, type Live } from "./live";

const cloudwatchOf = perRegion((options) => new cloudwatch.CloudWatchClient(options));

/** Fields whose names differ from the API's in the first letter only. */
const alike = (names: string): Fields =>
  Object.fromEntries(names.split(" ").map((name) => [name, name.charAt(0).toUpperCase() + name.slice(1)]));

const fields: Fields = {
  name: "AlarmName",
  okActions: "OKActions",
  dimensions: "%Dimensions",
  ...alike(
    "actionsEnabled alarmActions alarmDescription comparisonOperator datapointsToAlarm evaluationPeriods",
  ),
  ...alike("extendedStatistic insufficientDataActions metricName namespace period statistic threshold"),
  ...alike("thresholdMetricId treatMissingData unit"),
  metricQueries: [
    "Metrics",
    {
      ...alike("id expression label period accountId returnData"),
      metric: [
        "MetricStat",
        {
          ...alike("period stat unit"),
          namespace: "Metric.Namespace",
          metricName: "Metric.MetricName",
          dimensions: "%Metric.Dimensions",
        },
      ],
    },
  ],
};

const compositeFields: Fields = {
  okActions: "OKActions",
  ...alike("alarmName alarmRule alarmDescription alarmActions insufficientDataActions actionsEnabled"),
};

type Found = cloudwatch.MetricAlarm | cloudwatch.CompositeAlarm;

async function putMetric(region: string, inputs: Props): Promise<void> {
  const alarm = toApi(fields, inputs) as unknown as cloudwatch.PutMetricAlarmCommandInput;
  // Absent means true to the API, and false to the Pulumi provider.
  for (const query of alarm.Metrics ?? []) query.ReturnData ??= false;
  await cloudwatchOf(region).send(
    new cloudwatch.PutMetricAlarmCommand({ ...alarm, Tags: tagList(inputs["tags"]) }),
  );
}

async function putComposite(region: string, inputs: Props): Promise<void> {
  const alarm = toApi(compositeFields, inputs) as unknown as cloudwatch.PutCompositeAlarmCommandInput;
  await cloudwatchOf(region).send(
    new cloudwatch.PutCompositeAlarmCommand({ ...alarm, Tags: tagList(inputs["tags"]) }),
  );
}

async function describe(region: string, name: string): Promise<Found | undefined> {
  const AlarmTypes = [cloudwatch.AlarmType.MetricAlarm, cloudwatch.AlarmType.CompositeAlarm];
  const query = new cloudwatch.DescribeAlarmsCommand({ AlarmNames: [name], AlarmTypes });
  const found = await cloudwatchOf(region).send(query);
  return found.MetricAlarms?.[0] ?? found.CompositeAlarms?.[0];
}

/** Both kinds are named, read, tagged and deleted alike. */
const alarmsWith = (
  own: Fields,
  key: string,
  put: (region: string, inputs: Props) => Promise<void>,
): Live => ({
  fields: own,
  create: async (region, inputs) => put(region, inputs).then(() => String(inputs[key])),
  async read(region, id) {
    const alarm = await describe(region, id);
    if (!alarm) return undefined;
    const query = new cloudwatch.ListTagsForResourceCommand({ ResourceARN: alarm.AlarmArn });
    const tagsAll = tagMap((await cloudwatchOf(region).send(query)).Tags);
    const Metrics = "Metrics" in alarm && alarm.Metrics?.length ? alarm.Metrics : undefined;
    return { ...(fromApi(own, { ...alarm, Metrics }) as Props), arn: alarm.AlarmArn, tagsAll };
  },
  update: async (region, _id, inputs) => put(region, inputs),
  async remove(region, id) {
    if (await describe(region, id))
      await cloudwatchOf(region).send(new cloudwatch.DeleteAlarmsCommand({ AlarmNames: [id] }));
  },
  async tag(region, id, Tags, TagKeys) {
    const subject = { ResourceARN: (await describe(region, id))?.AlarmArn };
    if (TagKeys.length > 0)
      await cloudwatchOf(region).send(new cloudwatch.UntagResourceCommand({ ...subject, TagKeys }));
    if (Tags.length > 0) {
      await cloudwatchOf(region).send(
        new cloudwatch.TagResourceCommand({ ...subject, Tags: Tags as cloudwatch.Tag[] }),
      );
    }
  },
});

export const alarms = alarmsWith(fields, "name", putMetric);
export const compositeAlarms = alarmsWith(compositeFields, "alarmName", putComposite);
