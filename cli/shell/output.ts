import { styleText } from "node:util";
import { exitCodes, Failure, messageOf } from "./failure";
import { redactText, redactRecord } from "./redact";

/** What a step does. Decisions about steps go by this; their names are for people. */
export type StepKind =
  /** `pulumi up`; the entry's `step` says which step of a release. */
  | "update"
  | "checklist"
  /** The brake goes on. */
  | "brake"
  /** The brake by hand: the listener rule is paused, or the kill switch written. */
  | "stop"
  /** Requests that show that the brake worked. */
  | "verify-brake"
  /** Requests that show who serves after an update. */
  | "verify-traffic"
  | "verify-schema"
  | "smoke"
  | "gate"
  | "bake"
  | "recovery";

/** One thing that a command did, for the timeline and the JSON output. */
export interface OutputStep {
  kind: StepKind;
  name: string;
  /** Seconds after the command was typed. */
  from: number;
  /** Seconds after the command was typed; absent while it runs or when it never ended. */
  to?: number;
  ok?: boolean;
  [detail: string]: unknown;
}

/** What a command prints: progress on stderr, results on stdout; with JSON=1 one object on stdout at the end instead. */
export interface Output {
  /** Prints a line of progress on stderr, with the seconds since the command was typed. */
  say(line: string): void;
  /** Prints what a person must not miss, on stderr. */
  warn(line: string): void;
  /** Runs one step of the command: announces it, times it, records whether it worked. The action may add details to the entry. */
  step<T>(kind: StepKind, name: string, action: (entry: OutputStep) => Promise<T>): Promise<T>;
  /** Prints a result for people on stdout; prints nothing with JSON=1. */
  print(text: string): void;
  /** Text for {@link print}, styled if stdout is a terminal. */
  paint(style: Style, text: string): string;
  /** Sets a field of the JSON output. */
  set(field: string, value: unknown): void;
  /** Sets the command to type next; the last one set wins. */
  next(command: string): void;
  /** When the command was typed, milliseconds since 1970: turns the steps' seconds into times of day. */
  readonly startedAt: number;
  readonly steps: readonly OutputStep[];
  /** Fields set so far. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Prints how the command ended and, with JSON=1, the object. Returns the exit code. */
  end(error?: unknown): number;
}

export type Style = "red" | "yellow" | "green" | "dim" | "bold";

type Stream = NodeJS.WritableStream & { isTTY?: boolean };

/** Seconds since the process started: how long the person at the keyboard has waited. */
export const secondsSinceStart = (): number => Math.round(performance.now()) / 1000;

/** The output of one run of `command`. Streams and time are arguments so that a test can bring its own. */
export function createOutput(
  command: string,
  stack: string,
  json: boolean,
  { stdout, stderr }: { stdout: Stream; stderr: Stream } = process,
  { startedAt, secondsNow } = { startedAt: performance.timeOrigin, secondsNow: secondsSinceStart },
): Output {
  const steps: OutputStep[] = [];
  const fields: Record<string, unknown> = {};
  let nextCommand: string | undefined;
  const styledOn = (stream: Stream, style: Style, text: string) =>
    stream.isTTY && !process.env.NO_COLOR ? styleText(style, text, { validateStream: false }) : text;
  const styled = (style: Style, text: string) => styledOn(stderr, style, text);
  const line = (text: string) =>
    stderr.write(`${styled("dim", `${secondsNow().toFixed(1).padStart(6)} s`)}  ${redactText(text)}\n`);

  return {
    steps,
    fields,
    startedAt,
    say: line,
    warn: (text) => line(styled("yellow", text)),
    async step(kind, name, action) {
      const entry: OutputStep = { kind, name, from: secondsNow() };
      steps.push(entry);
      // The mark sets a step apart from a remark.
      line(`> ${name}`);
      try {
        const result = await action(entry);
        entry.ok = true;
        return result;
      } catch (error) {
        entry.ok = false;
        throw error;
      } finally {
        entry.to = secondsNow();
      }
    },
    paint: (style, text) => styledOn(stdout, style, text),
    print(text) {
      if (!json) stdout.write(redactText(text.endsWith("\n") ? text : `${text}\n`));
    },
    set(field, value) {
      fields[field] = value;
    },
    next(text) {
      nextCommand = text;
    },
    end(error) {
      const exitCode =
        error === undefined
          ? exitCodes.done
          : error instanceof Failure
            ? error.exitCode
            : exitCodes.unexpected;
      if (error instanceof Failure && error.more.next) nextCommand = error.more.next;
      if (error !== undefined) {
        line(styled("red", `${command} ended with exit code ${exitCode}: ${messageOf(error)}`));
        if (!(error instanceof Failure) && error instanceof Error)
          stderr.write(redactText(`${error.stack ?? ""}\n`));
      }
      if (nextCommand) line(styled("bold", `next: ${nextCommand}`));
      if (json) {
        const details = error instanceof Failure ? error.more.details : undefined;
        const problem = error === undefined ? {} : { error: messageOf(error), ...details };
        const next = nextCommand ? { next: nextCommand } : {};
        const [typed, seconds] = [new Date(startedAt).toISOString(), secondsNow()];
        stdout.write(
          `${JSON.stringify(redactRecord({ command, stack, exitCode, startedAt: typed, seconds, ...fields, steps, ...problem, ...next }))}\n`,
        );
      }
      return exitCode;
    },
  };
}

/** The steps as a table for people: start, duration, name. */
export const timeline = (steps: readonly OutputStep[]): string =>
  steps
    .map((step) => {
      const took = step.to === undefined ? "" : `${(step.to - step.from).toFixed(1)} s`;
      return `  ${step.from.toFixed(1).padStart(6)} s  ${took.padStart(8)}  ${step.ok === false ? "FAILED  " : ""}${step.name}`;
    })
    .join("\n");
