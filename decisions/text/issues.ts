import { z } from "zod";
import { redact } from "./redact";

/** One issue of a config or a file: where, and what was given and is allowed. */
export interface Issue {
  /** Dotted path of the key, `config` for the whole. */
  path: string;
  message: string;
}

/** Longest text of a given value in a message, characters. */
const maxGiven = 60;

/** The message for a key that an object does not know: those that it knows. For the `error` of `safeParse`. */
export const knownKeys: z.core.$ZodErrorMap = ({ code, inst }) =>
  code === "unrecognized_keys" && inst instanceof z.ZodObject
    ? `is not a known key: correct its spelling or remove it; allowed are ${Object.keys(inst.shape).join(", ")}`
    : undefined;

/** Every issue that zod found in `input` with {@link knownKeys}, each with what was given, so that nobody has to look it up. */
export function describeIssues(error: z.ZodError, input: unknown): Issue[] {
  return error.issues.flatMap((issue) => {
    const { message } = issue;
    const path = issue.path.map(String).join(".") || "config";
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({ path: [...issue.path, key].map(String).join("."), message }));
    // A name that is not allowed: what it must be is said by the rule of the name, inside.
    if (issue.code === "invalid_key")
      return issue.issues.map((inner) => ({ path, message: `the name ${inner.message}` }));
    // Rules of our own name what was given in their message.
    if (issue.code === "custom") return [{ path, message }];
    const given = valueAt(input, issue.path);
    if (given === undefined) return [{ path, message: `is missing: ${message}` }];
    return [{ path, message: `${message} (given: ${shown(given)})` }];
  });
}

/** The issues of a file as lines: file, path, message. `under` goes before each path, such as `details.`. */
export const issueLines = (file: string, error: z.ZodError, input: unknown, under = ""): string[] =>
  describeIssues(error, input).map(({ path, message }) => `${file}: \`${under}${path}\` ${message}`);

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}

function shown(value: unknown): string {
  // An address with a password in it is an issue of its own.
  const text = redact(JSON.stringify(value) ?? String(value), []);
  return text.length > maxGiven ? `${text.slice(0, maxGiven)}…` : text;
}
