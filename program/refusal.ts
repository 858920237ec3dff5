import { RunError } from "@pulumi/pulumi";

/**
 * An error that ends the program with nothing but its message.
 *
 * `stack` is set to the message because the Node runtime, when a program ends with an error, inspects every source file
 * that a real stack trace names: that costs 20 to 35 seconds, and the trace says nothing about a fault in a config file.
 */
export function refusal(message: string, cause?: unknown): RunError {
  const error = new RunError(message);
  error.stack = message;
  if (cause !== undefined) Object.defineProperty(error, "cause", { value: cause, enumerable: false });
  return error;
}
