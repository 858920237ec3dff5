import { RunError } from "@pulumi/pulumi";

/**
 * An error that ends the program and prints nothing but its message.
 *
 * `stack` is set to the message: a place in the program says nothing about an invalid config file, and the Node runtime would
 * read each source file in a mapped trace, which takes 20 to 35 seconds.
 */
export function refusal(message: string, cause?: unknown): RunError {
  const error = new RunError(message);
  error.stack = message;
  if (cause !== undefined) Object.defineProperty(error, "cause", { value: cause, enumerable: false });
  return error;
}

/** Waits for both promises. If both reject, throws one refusal with both messages. */
export async function bothOrRefuse<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const settled = await Promise.allSettled([first, second]);
  const [one, other] = settled;
  if (one.status === "fulfilled" && other.status === "fulfilled") return [one.value, other.value];
  const reasons = settled.flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  if (reasons.length === 1) throw reasons[0];
  throw refusal(
    reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason))).join("\n"),
  );
}
