import { expect, it } from "vitest";
import { createAlarms } from "../../../cli/ports/alarms";
import { recordedAws } from "./recordedAws";

const aws = recordedAws();
const alarms = () => createAlarms("eu-central-1", "school-prod-", "school-prod-release-alarms").states();
const alarm = (AlarmName: string, topic: string | undefined, StateValue?: string) => ({
  AlarmName,
  AlarmActions: topic === undefined ? [] : [`arn:aws:sns:eu-central-1:123456789012:${topic}`],
  ...(StateValue && { StateValue }),
});

it("the stack's alarms are those that ring its topic, metric and composite ones, from all pages and by name", async () => {
  const own = "school-prod-release-alarms";
  aws.answer = ({ input }) =>
    input.NextToken === undefined
      ? { MetricAlarms: [alarm("school-prod-slow", own, "OK")], NextToken: "2" }
      : {
          CompositeAlarms: [alarm("school-prod-burn", own, "ALARM"), alarm("school-prod-new", own)],
          MetricAlarms: [
            alarm("school-prod-burn-5m", undefined, "ALARM"),
            alarm("school-prod-eu-slow", "school-prod-eu-release-alarms", "ALARM"),
          ],
        };
  expect(await alarms()).toEqual([
    { name: "school-prod-burn", state: "ALARM" },
    { name: "school-prod-new", state: "INSUFFICIENT_DATA" },
    { name: "school-prod-slow", state: "OK" },
  ]);
  expect(aws.calls[0]?.input).toMatchObject({ AlarmTypes: ["MetricAlarm", "CompositeAlarm"] });
});
