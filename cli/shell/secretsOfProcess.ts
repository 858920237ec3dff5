import { redact, redactIn, secretsIn, secretsOf } from "../../decisions/text/redact";

/**
 * Whatever leaves this process in words passes here: what is printed, recorded, said to people, written into history,
 * parameters and pages. A driver's error, or an answer from outside, may hold what it was given; its cause is kept, without
 * that. One list for the process, because an error may be said far from where the secret was read.
 */
const known = new Set(secretsIn(process.env));

/** Remembers a value that came out of a store of secrets, so that it is never said. */
export function keepSecret(value: string): void {
  for (const secret of secretsOf(value)) known.add(secret);
}

/** `text` without any secret that this process knows. */
export const redactText = (text: string): string => redact(text, known);

/** The same for the texts of a record. */
export const redactRecord = <T>(record: T): T => redactIn(record, [...known]);
