/** Translation between property names of the Pulumi SDK and member names of the AWS APIs, from one table for both ways. */
import { pathText } from "../diff";
import { isObject, type Json, type Props } from "../wire";

/**
 * By property: the API's name; or the API's name and the fields of what is inside (an object or a list), where the name ""
 * means that the API has these members on the same level. A name that begins with % is a map here and a list of
 * `{ Name, Value }` there; a dot leads into an object.
 */
export interface Fields {
  [property: string]: string | readonly [string, Fields];
}

/** The declared value in the API's names. */
export function toApi(fields: Fields, value: Json): Json {
  if (Array.isArray(value)) return value.map((entry) => toApi(fields, entry));
  if (!isObject(value)) return value;
  const result: Props = {};
  for (const [property, field] of Object.entries(fields)) {
    const inner = value[property];
    if (inner === undefined) continue;
    const [name, nested] = typeof field === "string" ? [field, undefined] : field;
    if (name === "") Object.assign(result, toApi(nested ?? {}, inner));
    else {
      const [head = "", tail] = name.replace(/^%/, "").split(".");
      const pairs =
        name.startsWith("%") && Object.entries(inner as Props).map(([Name, Value]) => ({ Name, Value }));
      const translated = pairs || (nested ? toApi(nested, inner) : inner);
      result[head] =
        tail === undefined ? translated : { ...(result[head] as Props | undefined), [tail]: translated };
    }
  }
  return result;
}

/** The API's answer in the property names of the Pulumi SDK; members without a field are left out. */
export function fromApi(fields: Fields, value: unknown): Json | undefined {
  if (Array.isArray(value)) return value.map((entry) => fromApi(fields, entry) ?? null);
  if (typeof value !== "object" || value === null) return value as Json | undefined;
  const api = value as Record<string, unknown>;
  const entries = Object.entries(fields).map(([property, field]) => {
    const [name, nested] = typeof field === "string" ? [field, undefined] : field;
    const [head = "", tail] = name.replace(/^%/, "").split(".");
    const inner =
      name === ""
        ? api
        : tail === undefined
          ? api[head]
          : (api[head] as Record<string, unknown> | undefined)?.[tail];
    if (!name.startsWith("%")) return [property, nested ? fromApi(nested, inner) : inner];
    const pairs = (inner ?? []) as { Name: string; Value: string }[];
    return [
      property,
      pairs.length > 0 ? Object.fromEntries(pairs.map(({ Name, Value }) => [Name, Value])) : undefined,
    ];
  });
  return Object.fromEntries(entries) as Props;
}

/** Paths of declared properties that `fields` does not have. */
export function unhandled(fields: Fields, value: Json, path: (string | number)[] = []): string[] {
  if (Array.isArray(value)) return value.flatMap((entry, i) => unhandled(fields, entry, [...path, i]));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([property, inner]) => {
    const field = fields[property];
    if (field === undefined) return [pathText([...path, property])];
    return typeof field === "string" ? [] : unhandled(field[1], inner, [...path, property]);
  });
}
