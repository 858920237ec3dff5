import { z } from "zod";

/** Whom the program tells, and how. Topics are the program's own (SNS); people subscribe to them. */

/** Who is told: those who answer for the school, those who are woken, the parents of the pupils. */
export const audiences = ["stakeholders", "on-call", "guardians"] as const;
export type Audience = (typeof audiences)[number];

const both = z.strictObject({
  /** In English. */
  en: z.string().min(1),
  /** In Arabic. */
  ar: z.string().min(1),
});

/** Config `comms`. */
export const commsSchema = z.strictObject({
  /**
   * Environment variable in which the commands find the URL of a Slack-compatible webhook; the URL is a secret, so only
   * its name is here. Absent: only the topics.
   */
  webhook: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, "must be the name of an environment variable")
    .optional(),
  /** What the school is called in messages. */
  school: both,
  /** Whom people ask: name, address or number, as a sentence goes on after "Ask" and in Arabic after "للاستفسار". */
  contact: both,
});
export type Comms = z.infer<typeof commsSchema>;

/** Name of an audience's topic. */
export const topicName = (application: string, stack: string, audience: Audience): string =>
  `${application}-${stack}-${audience}`;
