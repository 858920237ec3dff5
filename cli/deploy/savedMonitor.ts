import { z } from "zod";
import type { MonitorState } from "../../decisions/gate/monitor";
import { parameters as paths, slots, type Slot } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";

/** What the gate knew of a canary when it was written down last: a deploy that is run again goes on from it. */
export interface SavedMonitor {
  digest: string;
  slot: Slot;
  /** ISO time. */
  at: string;
  watch: MonitorState;
  /** Where the metric source goes on; absent where it did not fit, and then the time between is not judged. */
  cursor?: unknown;
}

/** Rises when {@link MonitorState} changes its shape; another one is left alone, and the watch begins anew. */
const format = 1;

const schema = z.object({
  format: z.literal(format),
  digest: z.string(),
  slot: z.enum(slots),
  at: z.string(),
  watch: z.custom<MonitorState>((value) => typeof value === "object" && value !== null && "gate" in value),
  cursor: z.unknown().optional(),
});

/** SSM Parameter Store keeps 4 KB in a standard parameter (AWS Systems Manager quotas). */
const mostCharacters = 4_000;

/** A number to six digits: evidence and seconds need no more, and sixteen would not fit. */
const short = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;

/** The text of the parameter. */
export function writeSaved(saved: SavedMonitor): string {
  const { cursor, ...rest } = saved;
  const whole = JSON.stringify({ format, ...rest, cursor }, short);
  return whole.length <= mostCharacters ? whole : JSON.stringify({ format, ...rest }, short);
}

/** What was saved of a canary with this digest (of any, without one); undefined when there is none that can be gone on with. */
export async function readSaved(
  { parameters, stack, output }: Pick<Context, "parameters" | "stack" | "output">,
  digest?: string,
): Promise<SavedMonitor | undefined> {
  try {
    const text = await parameters.read(paths.gate(stack));
    if (text === undefined) return undefined;
    const saved = schema.safeParse(JSON.parse(text));
    return saved.success && (digest === undefined || saved.data.digest === digest) ? saved.data : undefined;
  } catch (error) {
    output.warn(`what the gate knew before could not be read, so it begins anew: ${messageOf(error)}`);
    return undefined;
  }
}
