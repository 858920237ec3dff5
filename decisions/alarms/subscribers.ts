import { z } from "zod";

/**
 * Who is notified when an alarm rings. A topic without subscribers wakes nobody, and looks as good as one that has them.
 *
 * An address with a key in it, such as PagerDuty's, is a secret, and secrets are not config: subscribe it outside of this
 * program, besides one of these.
 */

const arnOf = (service: string) =>
  z.string().regex(new RegExp(`^arn:[^:]+:${service}:`), `must be an ARN of ${service}`);

/** One of `alarms.subscribers`: a protocol of SNS and its endpoint. */
const subscriberSchema = z.discriminatedUnion("protocol", [
  /** A person or a list. SNS mails a link first, and sends nothing until somebody has opened it. */
  z.strictObject({ protocol: z.literal("email"), endpoint: z.email("must be an e-mail address") }),
  /** A service that confirms by itself, without a key in its address. */
  z.strictObject({
    protocol: z.literal("https"),
    endpoint: z
      .string()
      .regex(/^https:\/\/[^/?#@\s]+(\/[^?#@\s]*)?$/, "must be an https address without user or query"),
  }),
  z.strictObject({ protocol: z.literal("sqs"), endpoint: arnOf("sqs") }),
  z.strictObject({ protocol: z.literal("lambda"), endpoint: arnOf("lambda") }),
]);
export type Subscriber = z.infer<typeof subscriberSchema>;

/** Config `alarms.subscribers`. Default: nobody. */
export const subscribersSchema = z
  .array(subscriberSchema)
  .refine(
    (all) => new Set(all.map(({ protocol, endpoint }) => `${protocol} ${endpoint}`)).size === all.length,
    "must not name anybody twice",
  )
  .default([]);

/**
 * Why a stack's alarms may not go without a subscriber, where they do: production must notify somebody. Asked of the stack
 * file that is applied and not of history, where an update from before this rule must stay a target to go back to.
 */
export function nobodyIsTold(settings: {
  alarms: { subscribers: readonly Subscriber[] };
  promotedFrom?: string | undefined;
}): string | undefined {
  const { alarms, promotedFrom } = settings;
  if (promotedFrom === undefined || alarms.subscribers.length > 0) return undefined;
  return "alarms.subscribers: is empty, so alarms on the release and on the backups would wake nobody; name at least one, such as { protocol: email, endpoint: on-call@school.example.com }. A stack without `promotedFrom` may leave it out";
}
