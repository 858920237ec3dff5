import { redact, redactIn, secretsIn, secretsOf } from "../../decisions/text/redact";

/**
 * Every text that leaves this process is redacted here: output, records, messages to people, history, parameters and pages.
 * An error of a driver, or an answer from outside, may repeat a secret that it was given; its cause is kept without it.
 * The process has one list, because an error may be shown far from where the secret was read.
 */
const known = new Set(secretsIn(process.env));

/** Remembers a value that was read from a store of secrets, so that it is never shown. */
export function keepSecret(value: string): void {
  for (const secret of secretsOf(value)) known.add(secret);
}

/** `text` without any secret that this process knows. */
export const redactText = (text: string): string => redact(text, known);

/** The same for the texts of a record. */
export const redactRecord = <T>(record: T): T => redactIn(record, [...known]);
