import { z } from "zod";
import { alarmPrefix } from "../alarms/alarm";
import { audiences } from "../incident/comms";
import { jsonIn } from "../text/jsonText";
import { parameterRoot } from "../stack/names";

/**
 * What a machine that is gone after its command could not deliver. A queue of the stack holds it, in order and once, until a
 * command has delivered it: never only a disk that nobody may look at again.
 */

/** Name of the queue in which such things wait. SQS wants the ending of one that keeps an order. */
export const outboxQueueName = (application: string, stack: string): string =>
  `${alarmPrefix(application, stack)}handed-over.fifo`;

/** A record, as far as it must be right for the records to take it. */
const recordOf = (stack: string) =>
  z.looseObject({
    at: z.iso.datetime(),
    kind: z.enum(["command", "update", "incident"]),
    stack: z.literal(stack),
    actor: z.string(),
    body: z.looseObject({}),
  });

/** A message to people, with the evidence that is written once they have it. */
const messageOf = (stack: string) =>
  z.strictObject({
    channel: z.string(),
    message: z.strictObject({ audience: z.enum(audiences), subject: z.string(), text: z.string() }),
    proof: z
      .strictObject({
        path: z.string().startsWith(parameterRoot(stack)),
        value: z.record(z.string(), z.unknown()),
      })
      .optional(),
    sentAt: z.iso.datetime().optional(),
  });

const envelope = z.strictObject({
  /** Spool that it waits in: `records`, or `comms-` and a channel. */
  spool: z.string().regex(/^(records|comms-[a-z]+)$/),
  id: z.guid(),
  /** Place among the others of its spool. */
  order: z.string().regex(/^\d{15}-\d{8}-\d{8}$/),
  content: z.unknown(),
});

/** An item of a spool on its way to another machine. */
export type OutboxMessage = z.infer<typeof envelope>;

/**
 * Reads a message of the queue; undefined for one that {@link writeOutboxMessage} did not write. One that is not understood may
 * come from a newer version of this project.
 */
export function readOutboxMessage(
  stack: string,
  body: string,
): (OutboxMessage & { isUnderstood: boolean }) | undefined {
  const item = envelope.safeParse(jsonIn(body)).data;
  if (!item) return undefined;
  const content = item.spool === "records" ? recordOf(stack) : messageOf(stack);
  return { ...item, isUnderstood: content.safeParse(item.content).success };
}

/** The message that hands an item over. SQS refuses two characters that JSON leaves as they are. */
export const writeOutboxMessage = (item: OutboxMessage): string =>
  JSON.stringify(item).replaceAll(/[\ufffe\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16)}`);
