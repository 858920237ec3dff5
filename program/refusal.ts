import { RunError } from "@pulumi/pulumi";

/**
 * An error that ends the program with nothing but its message.
 *
 * `stack` is set to the message, because a place in the program says nothing about a fault in a config file, and because
 * the Node runtime reads each source file that a mapped trace names, which takes it 20 to 35 seconds.
 */
export function refusal(message: string, cause?: unknown): RunError {
  const error = new RunError(message);
  error.stack = message;
  if (cause !== undefined) Object.defineProperty(error, "cause", { value: cause, enumerable: false });
  return error;
}

/** Waits for both; where they refuse, throws one refusal with everything that they said. */
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
