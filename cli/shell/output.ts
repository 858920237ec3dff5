import { styleText } from "node:util";
import { exitCodes, Failure, messageOf } from "./failure";
import { redactText, redactRecord } from "./secretsOfProcess";

/** What a step does. Whatever is decided on steps goes by this; their names are for people. */
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

/** One thing that a command did, for the timeline and the JSON report. */
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

/** How a command talks: progress on stderr, results on stdout, one JSON object on stdout at the end where asked for. */
export interface Output {
  /** Progress line on stderr, with the seconds since the command was typed. */
  say(line: string): void;
  /** Something that a person must see on stderr. */
  warn(line: string): void;
  /** Runs one step of the command: says so, times it, records whether it worked. Details may be added to the entry. */
  step<T>(kind: StepKind, name: string, action: (entry: OutputStep) => Promise<T>): Promise<T>;
  /** Result for people, on stdout; nothing with JSON=1. */
  print(text: string): void;
  /** Text for {@link print}, in a style where stdout is a terminal. */
  paint(style: Style, text: string): string;
  /** Field of the JSON report. */
  set(field: string, value: unknown): void;
  /** The command to type next. */
  next(command: string): void;
  readonly steps: readonly OutputStep[];
  /** What was set so far, by field. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Ends the report; returns the exit code. */
  end(error?: unknown): number;
}

export type Style = "red" | "yellow" | "green" | "dim" | "bold";

type Stream = NodeJS.WritableStream & { isTTY?: boolean };

/** Seconds since the process started: what the person at the keyboard waited. */
export const secondsSinceStart = (): number => Math.round(performance.now()) / 1000;

/** A report for one run of `command`. Streams are arguments so that a test can read them. */
export function createOutput(
  command: string,
  stack: string,
  json: boolean,
  streams: { stdout: Stream; stderr: Stream } = process,
): Output {
  const steps: OutputStep[] = [];
  const fields: Record<string, unknown> = {};
  let nextCommand: string | undefined;
  const styledOn = (stream: Stream, style: Style, text: string) =>
    stream.isTTY && !process.env.NO_COLOR ? styleText(style, text, { validateStream: false }) : text;
  const styled = (style: Style, text: string) => styledOn(streams.stderr, style, text);
  const line = (text: string) =>
    streams.stderr.write(
      `${styled("dim", `${secondsSinceStart().toFixed(1).padStart(6)} s`)}  ${redactText(text)}\n`,
    );

  const report: Output = {
    steps,
    fields,
    say: line,
    warn: (text) => line(styled("yellow", text)),
    async step(kind, name, action) {
      const entry: OutputStep = { kind, name, from: secondsSinceStart() };
      steps.push(entry);
      // The mark tells a step from a remark.
      line(`> ${name}`);
      try {
        const result = await action(entry);
        entry.ok = true;
        return result;
      } catch (error) {
        entry.ok = false;
        throw error;
      } finally {
        entry.to = secondsSinceStart();
      }
    },
    paint: (style, text) => styledOn(streams.stdout, style, text),
    print(text) {
      if (!json) streams.stdout.write(redactText(text.endsWith("\n") ? text : `${text}\n`));
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
          streams.stderr.write(redactText(`${error.stack ?? ""}\n`));
      }
      if (nextCommand) line(styled("bold", `next: ${nextCommand}`));
      if (json) {
        const details = error instanceof Failure ? error.more.details : undefined;
        const problem = error === undefined ? {} : { error: messageOf(error), ...details };
        const next = nextCommand ? { next: nextCommand } : {};
        const seconds = secondsSinceStart();
        // When the command was typed: with it the steps' seconds become times of day.
        const startedAt = new Date(performance.timeOrigin).toISOString();
        streams.stdout.write(
          `${JSON.stringify(redactRecord({ command, stack, exitCode, startedAt, seconds, ...fields, steps, ...problem, ...next }))}\n`,
        );
      }
      return exitCode;
    },
  };
  return report;
}

/** The steps as a table for people: when, how long, what. */
export const timeline = (steps: readonly OutputStep[]): string =>
  steps
    .map((step) => {
      const took = step.to === undefined ? "" : `${(step.to - step.from).toFixed(1)} s`;
      return `  ${step.from.toFixed(1).padStart(6)} s  ${took.padStart(8)}  ${step.ok === false ? "FAILED  " : ""}${step.name}`;
    })
    .join("\n");
