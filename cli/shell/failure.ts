import { exitCodes, type ExitCode } from "../../decisions/stack/exitCodes";

export { exitCodes, type ExitCode } from "../../decisions/stack/exitCodes";

/** An error that a person can act on: what is wrong, what is allowed, what to type next. Any other error is a defect. */
export class Failure extends Error {
  constructor(
    /** Code that the process exits with. */
    readonly exitCode: ExitCode,
    message: string,
    /** `next`: the command to type now. `details`: fields for the JSON output. */
    readonly more: {
      next?: string | undefined;
      details?: Record<string, unknown> | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = "Failure";
  }
}

/** Exit code of a command that ends with `error`. */
export const exitCodeOf = (error: unknown): ExitCode =>
  error instanceof Failure ? error.exitCode : exitCodes.unexpected;

/** The message of anything thrown, without its stack. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A Failure with `prefix` before the message: with the exit code of `error` if that is a Failure, else with `code`. */
export function failureFrom(error: unknown, prefix: string, code: ExitCode): Failure {
  if (error instanceof Failure)
    return new Failure(error.exitCode, `${prefix}: ${error.message}`, { ...error.more, cause: error });
  return new Failure(code, `${prefix}: ${messageOf(error)}`, { cause: error });
}
