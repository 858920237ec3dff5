import { randomUUID } from "node:crypto";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { regionOf } from "../ports/aws";
import { createChannels, type Channel, type Message } from "../ports/channels";
import type { Delivery, Outcome, Spool } from "../audit/spool";
import { spoolIn } from "../audit/stackSpools";

/** A message for one channel, as it waits. */
interface Waiting {
  channel: string;
  message: Message;
  /** Parameter that is written once the message is delivered. */
  proof?: Proof;
  /** When it was delivered, where only the proof is left to be written: people are not told twice for that. */
  sentAt?: string;
}

/** Evidence of operation that a message was sent; `sentAt` is set when it is. */
export interface Proof {
  path: string;
  value: Record<string, unknown>;
}

type Told = Pick<Context, "root" | "stack" | "settings" | "file" | "output" | "parameters">;

const spoolOf = (ctx: Told, channel: string): Spool => spoolIn(ctx, `comms-${channel}`);

const channelsOf = ({ settings, stack, file }: Told) =>
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
 * Tells people through every channel of the stack. Never fails: what a channel does not take waits on this machine, and the
 * next command delivers it.
 * @returns names of the channels that have it
 */
export async function notify(ctx: Told, message: Message, proof?: Proof): Promise<string[]> {
  queueMessage(ctx, message, proof);
  return deliverMessages(ctx);
}

/**
 * Puts a message on its way without waiting: the end of the command, or a later one, delivers it. `id` lets a receiver drop
 * a second copy, where the same thing may be seen twice.
 */
export function queueMessage(ctx: Told, message: Message, proof?: Proof, id: string = randomUUID()): void {
  const channels = channelsOf(ctx);
  // The proof waits with the first channel, the topic: it is who is subscribed there that must know.
  for (const [index, { name }] of channels.entries())
    spoolOf(ctx, name).add({ channel: name, message, ...(proof && index === 0 ? { proof } : {}) }, id);
}

/** Whether a message with this proof waits already: a second one would tell people twice. */
export const waitsFor = (ctx: Told, path: string, value: Record<string, unknown>): boolean =>
  channelsOf(ctx).some(({ name }) =>
    spoolOf(ctx, name)
      .waiting()
      .some((content) => {
        const { proof } = content as Waiting;
        return proof?.path === path && JSON.stringify(proof.value) === JSON.stringify(value);
      }),
  );

/** Whether anybody has yet to be told of anything. */
export const messagesWait = (ctx: Told): boolean =>
  channelsOf(ctx).some(({ name }) => spoolOf(ctx, name).waiting().length > 0);

/** How a message of each spool gets to people, through the channels that this machine has. */
export const messageDeliveries = (ctx: Told): Map<string, Delivery> =>
  new Map(
    channelsOf(ctx).map((channel) => [`comms-${channel.name}`, (...item) => send(ctx, channel, ...item)]),
  );

async function send(ctx: Told, channel: Channel, content: unknown, id: string): Promise<Outcome> {
  const waiting = content as Waiting;
  const { message, proof } = waiting;
  if (waiting.sentAt === undefined) await channel.send(message, id);
  if (!proof) return undefined;
  const sentAt = waiting.sentAt ?? new Date().toISOString();
  try {
    await ctx.parameters.put(proof.path, JSON.stringify({ ...proof.value, sentAt }));
    return undefined;
  } catch (error) {
    ctx.output.warn(
      `people were told, and ${proof.path} does not say so yet; a later command writes it: ${messageOf(error)}`,
    );
    return { rest: { ...waiting, sentAt } };
  }
}

/** Delivers what waits; says what still does. Ends with `signal`. */
export async function deliverMessages(ctx: Told, signal?: AbortSignal): Promise<string[]> {
  const reached: string[] = [];
  for (const channel of channelsOf(ctx)) {
    const { error, left, delivered } = await spoolOf(ctx, channel.name).flush(
      (content, id) => send(ctx, channel, content, id),
      signal,
    );
    if (delivered > 0) reached.push(channel.name);
    if (error !== undefined)
      ctx.output.warn(
        `${left} message(s) wait for the ${channel.name} and are sent by the next command: ${messageOf(error)}`,
      );
  }
  return reached;
}
