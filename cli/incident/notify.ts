import { randomUUID } from "node:crypto";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { regionOf } from "../ports/aws";
import { createChannels, type Channel, type Message } from "../ports/channels";
import type { Delivery, Outcome, Spool } from "../audit/spool";
import { spoolIn } from "../audit/stackSpools";

/** A message that waits for one channel. */
interface Waiting {
  channel: string;
  message: Message;
  /** Parameter to write once the message is delivered. */
  proof?: Proof;
  /** When it was delivered, if only the proof is left to write: people are not notified twice for that. */
  sentAt?: string;
}

/** Evidence that a message was sent; `sentAt` is added when it is. */
export interface Proof {
  path: string;
  value: Record<string, unknown>;
}

type Place = Pick<Context, "root" | "stack" | "settings" | "file" | "output" | "parameters" | "clock">;

const spoolOf = (ctx: Place, channel: string): Spool => spoolIn(ctx, `comms-${channel}`);

const channelsOf = ({ settings, stack, file }: Place) =>
  settings.comms
    ? createChannels({
        comms: settings.comms,
        application: settings.application.name,
        stack,
        region: regionOf(file),
        environment: process.env,
      })
    : [];

/**
 * Notifies people through every channel of the stack. Never fails: a message that a channel does not take waits on this
 * machine, and the next command delivers it.
 * @returns names of the channels that took it
 */
export async function notify(ctx: Place, message: Message, proof?: Proof): Promise<string[]> {
  queueMessage(ctx, message, proof);
  return deliverMessages(ctx);
}

/**
 * Queues a message without waiting for it: the end of this command, or a later command, delivers it. `id` lets a receiver
 * drop a second copy of what may be seen twice.
 */
export function queueMessage(ctx: Place, message: Message, proof?: Proof, id: string = randomUUID()): void {
  const channels = channelsOf(ctx);
  // The proof goes with the first channel, the topic: its subscribers are the people who must know.
  for (const [index, { name }] of channels.entries())
    spoolOf(ctx, name).add({ channel: name, message, ...(proof && index === 0 ? { proof } : {}) }, id);
}

/** Whether a message with this proof waits already: a second one would notify people twice. */
export const waitsFor = (ctx: Place, path: string, value: Record<string, unknown>): boolean =>
  channelsOf(ctx).some(({ name }) =>
    spoolOf(ctx, name)
      .waiting()
      .some((content) => {
        const { proof } = content as Waiting;
        return proof?.path === path && JSON.stringify(proof.value) === JSON.stringify(value);
      }),
  );

/** Whether any message waits. */
export const messagesWait = (ctx: Place): boolean =>
  channelsOf(ctx).some(({ name }) => spoolOf(ctx, name).waiting().length > 0);

/** How to deliver the messages of each spool, through the channels that this machine has. */
export const messageDeliveries = (ctx: Place): Map<string, Delivery> =>
  new Map(
    channelsOf(ctx).map((channel) => [`comms-${channel.name}`, (...item) => send(ctx, channel, ...item)]),
  );

async function send(ctx: Place, channel: Channel, content: unknown, id: string): Promise<Outcome> {
  const waiting = content as Waiting;
  const { message, proof } = waiting;
  if (waiting.sentAt === undefined) await channel.send(message, id);
  if (!proof) return undefined;
  const sentAt = waiting.sentAt ?? ctx.clock.now().toISOString();
  try {
    await ctx.parameters.put(proof.path, JSON.stringify({ ...proof.value, sentAt }));
    return undefined;
  } catch (error) {
    ctx.output.warn(
      `people were notified, but ${proof.path} does not say so yet; a later command writes it: ${messageOf(error)}`,
    );
    return { rest: { ...waiting, sentAt } };
  }
}

/** Delivers what waits, and warns of what still does. Ends with `signal`. @returns names of the channels that took something */
export async function deliverMessages(ctx: Place, signal?: AbortSignal): Promise<string[]> {
  const reached: string[] = [];
  for (const channel of channelsOf(ctx)) {
    const { error, left, delivered } = await spoolOf(ctx, channel.name).flush(
      (content, id) => send(ctx, channel, content, id),
      signal,
    );
    if (delivered > 0) reached.push(channel.name);
    if (error !== undefined)
      ctx.output.warn(
        `${left} message(s) wait for the ${channel.name}; the next command sends them: ${messageOf(error)}`,
      );
  }
  return reached;
}
