/** CloudWatch metric alarms. */
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

async function put(region: string, inputs: Props): Promise<string> {
  const alarm = toApi(fields, inputs) as unknown as cloudwatch.PutMetricAlarmCommandInput;
  // Absent means true to the API, and false to the Pulumi provider.
  for (const query of alarm.Metrics ?? []) query.ReturnData ??= false;
  await cloudwatchOf(region).send(
    new cloudwatch.PutMetricAlarmCommand({ ...alarm, Tags: tagList(inputs["tags"]) }),
  );
  return String(inputs["name"]);
}

async function describe(region: string, name: string): Promise<cloudwatch.MetricAlarm | undefined> {
  const found = await cloudwatchOf(region).send(new cloudwatch.DescribeAlarmsCommand({ AlarmNames: [name] }));
  return found.MetricAlarms?.[0];
}

export const alarms: Live = {
  fields,
  create: put,
  async read(region, id) {
    const alarm = await describe(region, id);
    if (!alarm) return undefined;
    const query = new cloudwatch.ListTagsForResourceCommand({ ResourceARN: alarm.AlarmArn });
    const tagsAll = tagMap((await cloudwatchOf(region).send(query)).Tags);
    const Metrics = alarm.Metrics?.length ? alarm.Metrics : undefined;
    return { ...(fromApi(fields, { ...alarm, Metrics }) as Props), arn: alarm.AlarmArn, tagsAll };
  },
  update: async (region, _id, inputs) => void (await put(region, inputs)),
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
};
