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

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Waits for both promises. If both reject, throws one refusal with both messages. */
export async function bothOrRefuse<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === "rejected" && other.status === "rejected")
    throw refusal([one.reason, other.reason].map(messageOf).join("\n"));
  return [await first, await second];
}
