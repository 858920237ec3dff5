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
