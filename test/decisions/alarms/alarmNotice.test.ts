import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAlarmNotice } from "../../../decisions/alarms/alarmNotice";

const id = "11111111-1111-4111-8111-111111111111";
const message = (more: object) =>
  JSON.stringify({
    MessageId: id,
    Message: JSON.stringify({
      AlarmName: "school-prod-errors-blue",
      NewStateValue: "ALARM",
      NewStateReason: "2 of 3 datapoints",
      StateChangeTime: "2026-11-24T20:03:00.000+0000",
      ...more,
    }),
  });

describe("an alarm's notice", () => {
  it("says which alarm, when, and since when it was bad at the latest", () => {
    const Trigger = { EvaluationPeriods: 3, DatapointsToAlarm: 2, Metrics: [{ MetricStat: { Period: 60 } }] };
    expect(readAlarmNotice(message({ Trigger }))).toEqual({
      id,
      alarm: "school-prod-errors-blue",
      state: "ALARM",
      at: new Date("2026-11-24T20:03:00Z"),
      badSince: new Date("2026-11-24T20:01:00Z"),
      reason: "2 of 3 datapoints",
    });
  });

  it("of a composite alarm has no such time", () => {
    expect(readAlarmNotice(message({}))?.badSince).toBeUndefined();
  });

  it("that is something else is none, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((Message) => JSON.stringify({ MessageId: id, Message })),
        ),
        (text) => {
          expect(readAlarmNotice(text)).toBeUndefined();
        },
      ),
    );
    expect(readAlarmNotice(message({ StateChangeTime: "soon" }))).toBeUndefined();
  });
});
