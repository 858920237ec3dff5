/** A command to type next; {@link describeHint} adds the stack that it is about. */
export interface CommandHint {
  /** Name of the make target. */
  command: string;
  /** Variables to give it, by name; undefined ones are left out. Default: none. */
  variables?: Readonly<Record<string, string | undefined>>;
}

/** What to do next: a command, or a sentence where no command does it. */
export type NextStep = CommandHint | string;

/** Stack on which a command acts where `STACK=` is not given. */
const defaultStack = "prod";

/** `make <command> NAME=value …` as a person would type it, with the stack where it is not the default. */
export function makeLine(stack: string, command: string, variables: CommandHint["variables"] = {}): string {
  const given = Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quoted(value)}`],
  );
  return ["make", command, ...(stack === defaultStack ? [] : [`STACK=${stack}`]), ...given].join(" ");
}

/** What to do next on `stack`, for people. */
export const describeHint = (stack: string, next: NextStep): string =>
  typeof next === "string" ? next : makeLine(stack, next.command, next.variables);

const quoted = (value: string): string =>
  /^[\w.:/@<>-]+$/.test(value) ? value : `"${value.replaceAll('"', '\\"')}"`;
