import { CloudWatchClient, paginateDescribeAlarms } from "@aws-sdk/client-cloudwatch";
import { awsClient } from "./aws";

/** One alarm as it is now. */
export interface AlarmState {
  name: string;
  /** OK, ALARM or INSUFFICIENT_DATA. */
  state: string;
}

/** The release's alarms. */
export interface Alarms {
  /** Every alarm of the stack that rings, metric and composite ones, by name. */
  states(): Promise<AlarmState[]>;
}

/**
 * CloudWatch alarms whose names begin with `prefix` and that tell the topic named `topic`. Not all with that prefix: the
 * windows of a burn rate say something only two together, and stack `prod-eu` has names that begin with those of `prod`.
 */
export function createAlarms(region: string | undefined, prefix: string, topic: string): Alarms {
  const client = new CloudWatchClient(awsClient(region));
  return {
    async states() {
      const found: AlarmState[] = [];
      // Without the types CloudWatch leaves composite alarms out.
      const wanted = {
        AlarmNamePrefix: prefix,
        AlarmTypes: ["MetricAlarm" as const, "CompositeAlarm" as const],
      };
      for await (const page of paginateDescribeAlarms({ client }, wanted))
        for (const alarm of [...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? [])])
          if (alarm.AlarmName && alarm.AlarmActions?.some((action) => action.endsWith(`:${topic}`)))
            found.push({ name: alarm.AlarmName, state: alarm.StateValue ?? "INSUFFICIENT_DATA" });
      return found.sort((one, two) => one.name.localeCompare(two.name));
    },
  };
}
