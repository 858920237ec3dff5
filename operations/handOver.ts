import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { handOverQueue, readHandedOver, writeHandedOver } from "../decisions/handedOver";
import type { Context } from "./context";
import { messageOf } from "./failure";
import { openQueue, type Queue } from "./ports/queue";
import { createSpool } from "./spool";
import { spoolFolder } from "./tell";

type Place = Pick<Context, "root" | "stack" | "settings" | "file" | "report">;

/** Seconds that a command gives to handing over. */
const patience = 30;

const queueOf = (ctx: Place, signal: AbortSignal): Promise<Queue | undefined> =>
  openQueue(
    process.env.AWS_REGION ?? ctx.file.region,
    handOverQueue(ctx.settings.application.name, ctx.stack),
    signal,
  );

/**
 * On a machine that is gone once the command has ended (EPHEMERAL=1, a pipeline's runner): puts what waits there for
 * delivery into the stack's queue, from which the next command on any machine delivers it. Never fails; what the queue does
 * not take stays, and is said.
 */
export async function handOver(ctx: Place, open = queueOf): Promise<void> {
  try {
    const spools = spoolsOf(ctx).filter((spool) => spoolIn(ctx, spool).waiting().length > 0);
    if (spools.length === 0) return;
    const signal = AbortSignal.timeout(patience * 1000);
    const queue = await open(ctx, signal);
    if (!queue) throw new Error("the stack has no queue for it yet: its next update makes one");
    const stays: string[] = [];
    for (const spool of spools) stays.push(...(await handOverFrom(ctx, spool, queue, signal)));
    if (stays.length > 0) throw new Error(stays.join("; "));
  } catch (error) {
    ctx.report.warn(
      `records or messages wait in .deployment-safety and nowhere else, so keep that folder: ${messageOf(error)}`,
    );
  }
}

/** Hands one spool over; says why something stays. */
async function handOverFrom(ctx: Place, spool: string, queue: Queue, signal: AbortSignal): Promise<string[]> {
  const refused: string[] = [];
  const { delivered, error, busy } = await spoolIn(ctx, spool).flush(async (content, id, order) => {
    try {
      await queue.send(writeHandedOver({ spool, id, order, content }), { group: spool, id }, signal);
    } catch (why) {
      // Too long, or not to SQS's taste: those behind it must not wait for that one.
      if (!isRefusal(why)) throw why;
      refused.push(`${spool} ${id}: ${messageOf(why)}`);
      return "keep";
    }
    return undefined;
  }, signal);
  if (delivered > 0)
    ctx.report.say(`${delivered} of ${spool} wait in the stack's queue for the next command`);
  return [
    ...refused,
    ...(error === undefined ? [] : [`${spool}: ${messageOf(error)}`]),
    ...(busy ? [`${spool}: another command delivers from there`] : []),
  ];
}

/** Whether SQS will never take the message: then trying again is in vain. */
const isRefusal = (error: unknown): boolean =>
  ["InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException"].includes(
    (error as Error).name,
  );

/** How an item of a spool is delivered; throws where it cannot be now. */
export type Delivery = (content: unknown, id: string) => Promise<void>;

/**
 * Delivers what other machines handed over, in its order; a message leaves the queue once it is delivered. A spool that this
 * machine cannot deliver from stays in the queue. Never fails.
 * @returns contents that nobody can deliver, taken out of the queue
 */
export async function deliverHandedOver(
  ctx: Place,
  deliveries: ReadonlyMap<string, Delivery>,
  signal: AbortSignal,
  open = queueOf,
): Promise<string[]> {
  const unreadable: string[] = [];
  try {
    const queue = await open(ctx, signal);
    /** Spools that cannot be delivered from at the moment: what follows in them keeps its order. */
    const closed = new Set<string>();
    let messages = (await queue?.receive(signal)) ?? [];
    for (; queue && messages.length > 0; messages = await queue.receive(signal)) {
      let isAnyDone = false;
      for (const message of messages) {
        const item = readHandedOver(ctx.stack, message.body);
        if (!item) unreadable.push(message.body);
        else if (!(await isDelivered(ctx, item, deliveries, closed))) {
          await message.again();
          continue;
        }
        await message.done();
        isAnyDone = true;
      }
      if (!isAnyDone) break;
    }
  } catch (error) {
    ctx.report.warn(`what other machines handed over could not be delivered yet: ${messageOf(error)}`);
  }
  return unreadable;
}

async function isDelivered(
  ctx: Place,
  { spool, content, id }: { spool: string; content: unknown; id: string },
  deliveries: ReadonlyMap<string, Delivery>,
  closed: Set<string>,
): Promise<boolean> {
  const deliver = deliveries.get(spool);
  if (!deliver || closed.has(spool)) return false;
  try {
    await deliver(content, id);
    return true;
  } catch (error) {
    closed.add(spool);
    ctx.report.warn(`${spool} of other machines wait in the stack's queue: ${messageOf(error)}`);
    return false;
  }
}

const spoolIn = (ctx: Place, spool: string) => createSpool(spoolFolder(ctx.root, ctx.stack, spool));

/** Names of the stack's spools on this machine; the records first, for they are never told twice. */
function spoolsOf(ctx: Place): string[] {
  try {
    return readdirSync(dirname(spoolFolder(ctx.root, ctx.stack, "any")))
      .sort()
      .reverse();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
