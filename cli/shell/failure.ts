import { exitCodes, type ExitCode } from "../../decisions/stack/exitCodes";

export { exitCodes, type ExitCode } from "../../decisions/stack/exitCodes";

/** A command's end that a person can act on: what is wrong, what is allowed, what to type next. Anything else is a defect. */
export class Failure extends Error {
  constructor(
    /** Code that the process exits with. */
    readonly exitCode: ExitCode,
    message: string,
    /** `next`: the command to type now. `details`: what a machine may want to know, goes into the JSON report. */
    readonly more: { next?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = "Failure";
  }
}

/** The code that a command ends with after `error`. */
export const exitCodeOf = (error: unknown): ExitCode =>
  error instanceof Failure ? error.exitCode : exitCodes.unexpected;

/** The message of anything thrown, without its stack. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A Failure with `prefix` before its message and the same exit code; anything else becomes one with `code`. */
export function failureFrom(error: unknown, prefix: string, code: ExitCode): Failure {
  if (error instanceof Failure)
    return new Failure(error.exitCode, `${prefix}: ${error.message}`, { ...error.more, cause: error });
  return new Failure(code, `${prefix}: ${messageOf(error)}`, { cause: error });
}
