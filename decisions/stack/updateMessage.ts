import { z } from "zod";

const note = z.object({
  /** The command: deploy, rollback, empty-idle, … */
  operation: z.string(),
  /** The operation's id, as its lease has it; all updates of one operation share it. */
  id: z.string(),
  /** Version tag that the operation is about. */
  version: z.string().optional(),
  /** Step of this update (`settle` in older history is `empty-idle`), or `same` where the release was applied again. */
  step: z.string(),
  actor: z.string(),
  reason: z.string().optional(),
});
/** What an update's message says to machines. */
export type Note = z.infer<typeof note>;

/** An update's message: one line for people, then one line of JSON. */
export function writeMessage(line: string, content: Note): string {
  return `${line.replaceAll(/\s*\n\s*/g, " ")}\n${JSON.stringify(note.parse(content))}`;
}

/** The two parts of a message; `note` is undefined for a message that a person wrote. */
export function readMessage(message: string): { line: string; note?: Note } {
  const [line = "", ...rest] = message.split("\n");
  try {
    return { line, note: note.parse(JSON.parse(rest.join("\n"))) };
  } catch {
    return { line };
  }
}
