import { outboxQueueName, readOutboxMessage, writeOutboxMessage } from "../../decisions/audit/outboxMessage";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { regionOf } from "../ports/aws";
import { openQueue, type Queue, type QueuedMessage } from "../ports/queue";
import type { Delivery } from "./spool";
import { spoolIn, spoolsIn } from "./stackSpools";
import { within } from "../shell/wait";

type Place = Pick<Context, "root" | "stack" | "settings" | "file" | "output">;

/** Seconds that a command spends on filling the outbox. */
const patience = 30;

const queueOf = (ctx: Place, signal: AbortSignal): Promise<Queue | undefined> =>
  openQueue(regionOf(ctx.file), outboxQueueName(ctx.settings.application.name, ctx.stack), signal);

/**
 * For a machine that is gone once the command has ended (EPHEMERAL=1, such as a pipeline's runner): moves what waits there
 * into the stack's queue, from which the next command on any machine delivers it. Never fails; what the queue does not take
 * stays on the machine, with a warning.
 */
export async function sendToOutbox(ctx: Place, open = queueOf): Promise<void> {
  try {
    const spools = spoolsIn(ctx).filter((spool) => spoolIn(ctx, spool).waiting().length > 0);
    if (spools.length === 0) return;
    const signal = AbortSignal.timeout(patience * 1000);
    const queue = await open(ctx, signal);
    if (!queue) throw new Error("the stack has no queue for it yet: the next update creates one");
    const stays: string[] = [];
    for (const spool of spools) stays.push(...(await sendFrom(ctx, spool, queue, signal)));
    if (stays.length > 0) throw new Error(stays.join("; "));
  } catch (error) {
    ctx.output.warn(
      `records or messages wait only in .deployment-safety, so keep that folder: ${messageOf(error)}`,
    );
  }
}

/** Moves one spool into the queue. @returns why something stays */
async function sendFrom(ctx: Place, spool: string, queue: Queue, signal: AbortSignal): Promise<string[]> {
  const refused: string[] = [];
  const { delivered, error, busy } = await spoolIn(ctx, spool).flush(async (content, id, order) => {
    try {
      await queue.send(writeOutboxMessage({ spool, id, order, content }), { group: spool, id }, signal);
    } catch (why) {
      // Too long, or with characters that SQS rejects: the messages behind it must not wait for it.
      if (!isRefusal(why)) throw why;
      refused.push(`${spool} ${id}: ${messageOf(why)}`);
      return "keep";
    }
    return undefined;
  }, signal);
  if (delivered > 0)
    ctx.output.say(`${delivered} of ${spool} wait in the stack's queue for the next command`);
  return [
    ...refused,
    ...(error === undefined ? [] : [`${spool}: ${messageOf(error)}`]),
    ...(busy ? [`${spool}: another command is delivering from it`] : []),
  ];
}

/** Whether SQS will never take the message, so that another attempt is pointless. */
const isRefusal = (error: unknown): boolean =>
  ["InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException"].includes(
    (error as Error).name,
  );

/** How the messages of each spool are delivered; `keep` records an unreadable one on this machine. */
export interface Deliveries {
  bySpool: ReadonlyMap<string, Delivery>;
  keep: (text: string) => void;
}

/**
 * Delivers, in order, what other machines left in the outbox. A message leaves the queue once it is delivered, or is on this
 * machine's disk. What this machine cannot deliver stays there and delays nothing else. Never fails, and ends with `signal`.
 */
export async function deliverOutbox(
  ctx: Place,
  deliveries: Deliveries,
  signal: AbortSignal,
  open = queueOf,
): Promise<void> {
  /** Returned only at the end: SQS gives nothing more of a group while a message of it is out, so the other groups come. */
  const toReturn: QueuedMessage[] = [];
  try {
    const queue = await open(ctx, signal);
    let messages = (await queue?.receive(signal)) ?? [];
    for (; queue && messages.length > 0; messages = await queue.receive(signal)) {
      const groups = new Map<string, Received[]>();
      for (const message of messages) {
        const item = readOutboxMessage(ctx.stack, message.body);
        const spool = item?.spool ?? "";
        groups.set(spool, [...(groups.get(spool) ?? []), { message, item }]);
      }
      // Side by side: records that cannot be delivered must not delay messages to people.
      const left = await Promise.all(
        [...groups].map(([spool, own]) => deliverGroup(ctx, spool, own, deliveries, signal)),
      );
      toReturn.push(...left.flat().map(({ message }) => message));
    }
  } catch (error) {
    ctx.output.warn(`what other machines left in the outbox could not be delivered yet: ${messageOf(error)}`);
  }
  // The newest first, so that nobody receives it before the older ones.
  for (const message of toReturn.reverse()) await message.again().catch(() => undefined);
}

/** A message with its content; undefined: no command of ours wrote it. */
interface Received {
  message: QueuedMessage;
  item: ReturnType<typeof readOutboxMessage>;
}

/** Delivers messages of one spool until one cannot be delivered. @returns that one and those behind it */
async function deliverGroup(
  ctx: Place,
  spool: string,
  messages: readonly Received[],
  { bySpool, keep }: Deliveries,
  signal: AbortSignal,
): Promise<readonly Received[]> {
  const deliver = bySpool.get(spool);
  for (const [index, { message, item }] of messages.entries()) {
    const rest = messages.slice(index);
    try {
      signal.throwIfAborted();
      if (!item) keep(message.body);
      else if (!item.isUnderstood) throw new Error("this checkout does not understand it; a newer one may");
      else if (!deliver) return rest;
      else {
        const outcome = await within(deliver(item.content, item.id), signal);
        if (typeof outcome === "object") spoolIn(ctx, spool).add(outcome.rest, item.id);
      }
      await message.done();
    } catch (error) {
      ctx.output.warn(
        `${spool || "messages"} of other machines wait in the stack's queue: ${messageOf(error)}`,
      );
      return rest;
    }
  }
  return [];
}

/** How many items wait on this machine and in the stack's queue. Throws if the queue cannot be read. */
export async function undelivered(
  ctx: Place,
  signal: AbortSignal,
): Promise<{ here: number; handedOver: number }> {
  const here = spoolsIn(ctx).reduce((sum, spool) => sum + spoolIn(ctx, spool).waiting().length, 0);
  const queue = await queueOf(ctx, signal);
  return { here, handedOver: (await queue?.count(signal)) ?? 0 };
}
