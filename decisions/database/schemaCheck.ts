import type { Note } from "../stack/updateMessage";
import type { Step } from "../release/transitionFacts";

/** When the live database is compared with the one that was proved, and what a rollback does about a difference. */

/** Whether the database must afterwards be what the proof of its revision says. */
export const changesSchema = (step: string | undefined): boolean =>
  step === "migrate" || step === "downgrade";

/**
 * `stop`: a difference ends the rollback. `warn`: it is named, and the rollback goes on. `skip`: nobody changed the schema
 * since it was compared.
 */
export type SchemaCheck = "stop" | "warn" | "skip";

/**
 * What a rollback does before its updates about a database that may not be as it was proved. It stops where the database has
 * yet to move, or has moved for a rollback whose traffic is not open again: proofs say nothing of what follows from another
 * schema. Where the database stays, or `keep` is asked for, traffic is urgent, and smoke tests judge what serves.
 * @param newest the note of the newest update that succeeded
 * @param steps what is left to do
 */
export function schemaCheck(
  newest: Pick<Note, "step" | "operation"> | undefined,
  steps: readonly { step: Step }[],
  asked: "auto" | "keep" | "downgrade",
): SchemaCheck {
  if (!changesSchema(newest?.step)) return "skip";
  if (steps.some(({ step }) => changesSchema(step))) return "stop";
  const isForWayBack = newest?.step === "downgrade" || newest?.operation === "rollback";
  return isForWayBack && asked !== "keep" ? "stop" : "warn";
}
