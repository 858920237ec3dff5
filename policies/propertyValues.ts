/** Properties of a resource as a policy sees them: a value, unset, or not known yet. */

/** A value that only the update will know. Never a violation: it is checked again once it is known. */
export const unknown: unique symbol = Symbol("known only after the update");

/** Properties of a resource, secrets opened, unknown values replaced by {@link unknown}. */
export type Properties = Readonly<Record<string, unknown>>;

/** What the engine sends during a preview for a value that is not known yet, one for each type. */
const sentinels: ReadonlySet<unknown> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/**
 * Unwraps the properties that the policy runtime passes, as plain data. The runtime's proxy throws at an unknown value, so a
 * policy would then report nothing about all the others.
 */
export function plain(properties: unknown): Properties {
  const target = (properties as { __getSpecialProxyTarget?: unknown }).__getSpecialProxyTarget ?? properties;
  return copy(target) as Properties;
}

function copy(value: unknown): unknown {
  if (sentinels.has(value)) return unknown;
  if (Array.isArray(value)) return value.map(copy);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)]));
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a value is set; null, an empty string, list or object counts as unset. */
export const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== "" &&
  !(Array.isArray(value) && value.length === 0) &&
  !(isObject(value) && Object.keys(value).length === 0);

/** A value and the path that it is at. */
export interface Found {
  path: string;
  value: unknown;
}

/**
 * The values at a dotted path in which `[]` stands for every entry of a list. A path that ends early yields one value, unset;
 * below an unknown value everything is unknown. The paths found begin with `start`.
 */
export function valuesAt(root: unknown, path: string, start = ""): Found[] {
  const walk = (value: unknown, parts: readonly string[], at: string): Found[] => {
    const [part, ...rest] = parts;
    if (part === undefined || value === unknown) return [{ path: at, value }];
    if (part === "[]") {
      if (!Array.isArray(value) || value.length === 0)
        return [{ path: `${at}[]${rest.length > 0 ? `.${rest.join(".")}` : ""}`, value: undefined }];
      return value.flatMap((entry, index) => walk(entry, rest, `${at}[${index}]`));
    }
    const inner = isObject(value) ? value[part] : undefined;
    return walk(inner, rest, at === "" ? part : `${at}.${part}`);
  };
  return walk(root, path.replaceAll("[]", ".[]").split(".").filter(Boolean), start);
}

/** The one value at a path without lists. */
export const valueAt = (root: unknown, path: string): unknown => valuesAt(root, path)[0]?.value;

/** The list at a path; empty where it is unset or unknown. */
export function listAt(root: unknown, path: string): unknown[] {
  const value = valueAt(root, path);
  return Array.isArray(value) ? value : [];
}

/** Whether a value is right, or may turn out to be: it is not known yet. */
export const maybe = (value: unknown, is: (value: unknown) => boolean): boolean =>
  value === unknown || is(value);

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "not set";
  if (value === unknown) return "not known yet";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** The value of a parameter in Parameter Store. */
export const parameterValue = (properties: Properties): unknown =>
  valueAt(properties, "insecureValue") ?? valueAt(properties, "value");

/** Parses a JSON document in a property, such as a flag; undefined if it is none, {@link unknown} if it is not known yet. */
export function document(value: unknown): unknown {
  if (value === unknown || isObject(value)) return value;
  if (typeof value !== "string") return undefined;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}
