import { CloudWatchClient, paginateDescribeAlarms } from "@aws-sdk/client-cloudwatch";

/** One alarm as it is now. */
export interface AlarmState {
  name: string;
  /** OK, ALARM or INSUFFICIENT_DATA. */
  state: string;
}

/** The release's alarms. */
export interface Alarms {
  /** Every alarm of the stack, by name. */
  states(): Promise<AlarmState[]>;
}

/** CloudWatch alarms whose names begin with `prefix` (`<app>-<stack>-`). */
export function createAlarms(region: string | undefined, prefix: string): Alarms {
  const client = new CloudWatchClient({ ...(region ? { region } : {}), maxAttempts: 5 });
  return {
    async states() {
      const found: AlarmState[] = [];
      for await (const page of paginateDescribeAlarms({ client }, { AlarmNamePrefix: prefix }))
        for (const alarm of page.MetricAlarms ?? [])
          if (alarm.AlarmName)
            found.push({ name: alarm.AlarmName, state: alarm.StateValue ?? "INSUFFICIENT_DATA" });
      return found.sort((one, two) => one.name.localeCompare(two.name));
    },
  };
}
