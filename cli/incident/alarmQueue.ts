import { alarmQueue } from "../../decisions/alarms/alarm";
import { readAlarmNotice, type AlarmNotice } from "../../decisions/alarms/alarmNotice";
import { causeKind, causes } from "../../decisions/incident/incident";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { continuing, openIncidents, recordIncident } from "./incidentLog";
import { regionOf } from "../ports/aws";
import { openQueue } from "../ports/queue";
import { keepUnreadable } from "../audit/recordCommand";

/** Seconds that a command spends on the queue; the next command reads what is left. */
const patience = 3;

/** Messages that one command takes at most, so that a flood cannot delay it. */
const mostMessages = 50;

/**
 * Reads the alarms' messages since the last command, and opens an incident for them or adds to the open one: one outage sets
 * off several alarms, and all of them belong to one incident until that is resolved. Never fails and never takes long. A
 * message leaves the queue only once its record is on this machine's disk.
 * @returns how many incidents were opened
 */
export async function readAlarmQueue(ctx: Context): Promise<number> {
  const { settings, stack, options } = ctx;
  // A preview begins with `sync`, also on a pull request's runner, where a message that was taken could get lost.
  if (!settings.reporting || options.dryRun || ctx.command === "sync") return 0;
  const signal = AbortSignal.timeout(patience * 1000);
  const name = alarmQueue(settings.application.name, stack);
  let opened = 0;
  try {
    const queue = await openQueue(regionOf(ctx.file), name, signal);
    for (let taken = 0; queue && taken < mostMessages;) {
      const messages = await queue.receive(signal);
      for (const message of messages) {
        // The next command gets what is left.
        if (signal.aborted) return opened;
        if (await file(ctx, message.body)) opened++;
        await message.done();
      }
      taken += messages.length;
      if (messages.length === 0) break;
    }
  } catch (error) {
    ctx.output.warn(`the alarms' queue could not be read; the next command reads it: ${messageOf(error)}`);
  }
  return opened;
}

/** Records one message. @returns whether it opened an incident */
async function file(ctx: Context, body: string): Promise<boolean> {
  const notice = readAlarmNotice(body);
  if (!notice) {
    // It is kept, so that nothing is lost, and leaves the queue, so that it is not read again and again.
    keepUnreadable(ctx, body);
    ctx.output.warn("a message in the alarms' queue does not come from an alarm; it is recorded as it is");
    return false;
  }
  // An alarm with too little data is neither on nor off.
  if (notice.state === "INSUFFICIENT_DATA") return false;
  return notice.state === "ALARM" ? ring(ctx, notice) : clear(ctx, notice);
}

async function ring(ctx: Context, { id, alarm, at, badSince, reason }: AlarmNotice): Promise<boolean> {
  const { isNew, id: incident } = await recordIncident(ctx, {
    cause: causes.alarms,
    title: `alarm ${alarm} rings`,
    source: "alarm",
    state: "opened",
    at,
    startedAt: badSince,
    done: reason || "the alarm rang",
    next: "on call looks into it: make playbook",
    facts: { alarm, reason },
    recordId: id,
  });
  ctx.output.warn(
    `alarm ${alarm} rang at ${at.toISOString()}: incident ${incident} is ${isNew ? "opened" : "open already"}`,
  );
  return isNew;
}

async function clear(ctx: Context, { id, alarm, at, reason }: AlarmNotice): Promise<boolean> {
  const open = (await openIncidents(ctx)).find(({ cause }) => causeKind(cause) === "alarms");
  if (!open) return false;
  await recordIncident(ctx, {
    ...continuing(open),
    state: "note",
    at,
    done: `alarm ${alarm} cleared: ${reason}`,
    next: "verify, then resolve the incident",
    facts: { alarm, cleared: true },
    recordId: id,
  });
  return false;
}
