import { z } from "zod";

/**
 * What a machine that is gone after its command could not deliver, as it lies in the stack's queue until the next command
 * takes it.
 */
const schema = z.strictObject({
  handedOver: z.strictObject({
    /** Spool that it waits in: `records`, or `comms-` and a channel. It becomes part of a path, so nothing else is taken. */
    spool: z.string().regex(/^(records|comms-[a-z]+)$/),
    id: z.guid(),
    /** Place among the others of its spool. */
    order: z.string().regex(/^\d{15}-\d{8}-\d{8}$/),
    content: z.custom<Record<string, unknown>>((content) => typeof content === "object" && content !== null),
  }),
});

/** An item of a spool on its way to another machine. */
export type HandedOver = z.infer<typeof schema>["handedOver"];

/** Reads a queue's message; undefined for one that hands nothing over. */
export function readHandedOver(body: string): HandedOver | undefined {
  try {
    return schema.safeParse(JSON.parse(body)).data?.handedOver;
  } catch {
    return undefined;
  }
}

/** The message that hands an item over. Throws where the item could not be read back. */
export const writeHandedOver = (handedOver: unknown): string => JSON.stringify(schema.parse({ handedOver }));
