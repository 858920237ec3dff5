import { alarmQueue } from "../../decisions/alarms/alarm";
import { readAlarmNotice, type AlarmNotice } from "../../decisions/alarms/alarmNotice";
import { causeKind, causes } from "../../decisions/incident/incident";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { openIncidents, recordIncident } from "./incidentLog";
import { regionOf } from "../ports/aws";
import { openQueue } from "../ports/queue";
import { keepUnreadable } from "../audit/recordCommand";

/** Seconds that a command gives to the queue; what is left there is read by the next one. */
const patience = 3;

/**
 * Cause of an incident that alarms open. One outage rings several alarms, and the one above them: while their incident is
 * not resolved, all of them belong to it.
 */

/** Messages that one command takes, so that a flood cannot hold it up. */
const mostMessages = 50;

/**
 * Reads what alarms have said since the last command and opens incidents, or adds to those that are open. Never fails and
 * never takes long. A message leaves the queue only once its record is on this machine's disk.
 * @returns how many incidents were opened
 */
export async function readAlarmQueue(ctx: Context): Promise<number> {
  const { settings, stack, options } = ctx;
  // A preview begins with `sync`, also that of a pull request: nothing may get lost on the runner it has.
  if (!settings.reporting || options.dryRun || ctx.command === "sync") return 0;
  const signal = AbortSignal.timeout(patience * 1000);
  const name = alarmQueue(settings.application.name, stack);
  let opened = 0;
  try {
    const queue = await openQueue(regionOf(ctx.file), name, signal);
    for (let taken = 0; queue && taken < mostMessages;) {
      const messages = await queue.receive(signal);
      for (const message of messages) {
        // What is left comes again, to the next command.
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

/** Records one message; says whether it opened an incident. */
async function file(ctx: Context, body: string): Promise<boolean> {
  const notice = readAlarmNotice(body);
  if (!notice) {
    // Kept, so that nothing is lost that somebody sent; and out of the queue, so that it is not read for ever.
    keepUnreadable(ctx, body);
    ctx.output.warn("a message in the alarms' queue is no alarm's; it is recorded as it is");
    return false;
  }
  // An alarm that has too little data says nothing.
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
    cause: open.cause,
    title: open.title,
    source: "alarm",
    state: "note",
    at,
    done: `alarm ${alarm} cleared: ${reason}`,
    next: "verify, then resolve the incident",
    facts: { alarm, cleared: true },
    recordId: id,
  });
  return false;
}
