import { z } from "zod";
import { jsonIn } from "../text/jsonText";

/** What SNS hands over when an alarm changes its state, as it lies in the queue. */

/** SNS's envelope around whatever was published. */
const envelope = z.object({ MessageId: z.uuid(), Message: z.string() });

/** CloudWatch's message (Amazon CloudWatch user guide, "Alarm events"); a composite alarm has no `Trigger`. */
const change = z.object({
  AlarmName: z.string().min(1),
  NewStateValue: z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]),
  NewStateReason: z.string().default(""),
  /** `2026-11-24T20:00:00.000+0000`. */
  StateChangeTime: z.string(),
  Trigger: z
    .object({
      Period: z.number().optional(),
      DatapointsToAlarm: z.number().optional(),
      EvaluationPeriods: z.number().optional(),
      Metrics: z.array(z.object({ MetricStat: z.object({ Period: z.number() }).optional() })).optional(),
    })
    .optional(),
});

/** An alarm's change of state. */
export interface AlarmNotice {
  /** The notification's own id: the same one may be handed over twice. */
  id: string;
  alarm: string;
  state: "OK" | "ALARM" | "INSUFFICIENT_DATA";
  at: Date;
  /** Since when it was bad at the latest: the periods that the alarm waited for before it rang; absent: not told. */
  badSince?: Date;
  reason: string;
}

/** Reads a queue's message; undefined for one that is no alarm's. */
export function readAlarmNotice(body: string): AlarmNotice | undefined {
  const outer = envelope.safeParse(jsonIn(body));
  const inner = outer.success ? change.safeParse(jsonIn(outer.data.Message)) : undefined;
  if (!outer.success || !inner?.success) return undefined;
  const { AlarmName, NewStateValue, NewStateReason, StateChangeTime, Trigger } = inner.data;
  // Without a colon in the offset it is no time by JavaScript's standard.
  const at = new Date(StateChangeTime.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  if (Number.isNaN(at.getTime())) return undefined;
  const period =
    Trigger?.Period ?? Trigger?.Metrics?.find(({ MetricStat }) => MetricStat)?.MetricStat?.Period;
  const points = Trigger?.DatapointsToAlarm ?? Trigger?.EvaluationPeriods;
  return {
    id: outer.data.MessageId,
    alarm: AlarmName,
    state: NewStateValue,
    at,
    ...(NewStateValue === "ALARM" && period !== undefined && points !== undefined
      ? { badSince: new Date(at.getTime() - period * points * 1000) }
      : {}),
    reason: NewStateReason.slice(0, 1_000),
  };
}
