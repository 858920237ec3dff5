import { isObject } from "../../policies/propertyValues";
import type { Properties } from "../../policies/propertyValues";
import type { Recorded } from "./recorded";

/** Every property of a recorded stack made wrong, one at a time. */

export interface Mutant {
  type: string;
  name: string;
  /** Path with indices, `rules[0].schedule`. */
  path: string;
  /** `removed`, or the value that it was set to. */
  change: string;
  stack: Recorded[];
}

type Key = string | number;

/** Every path of a value, inner ones after the one that holds them. */
function pathsOf(value: unknown, path: readonly Key[] = []): Key[][] {
  const own = path.length === 0 ? [] : [[...path]];
  if (Array.isArray(value))
    return [...own, ...value.flatMap((inner, index) => pathsOf(inner, [...path, index]))];
  if (isObject(value))
    return [...own, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
  return own;
}

const at = (value: unknown, path: readonly Key[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<Key, unknown> | undefined)?.[key], value);

/** A copy with the value at `path` replaced, or removed where it is undefined; the same where the path is not there. */
function withValue(value: unknown, [key, ...rest]: readonly Key[], replacement: unknown): unknown {
  if (key === undefined) return replacement;
  if (Array.isArray(value))
    return rest.length === 0 && replacement === undefined
      ? value.filter((_, index) => index !== key)
      : value.map((inner: unknown, index) => (index === key ? withValue(inner, rest, replacement) : inner));
  if (!isObject(value) || !(key in value)) return value;
  const { [key]: inner, ...others } = value;
  return rest.length === 0 && replacement === undefined
    ? others
    : { ...others, [key]: withValue(inner, rest, replacement) };
}

/** False, zero, wildcard or empty, by the type of what is there; undefined where it is that already. */
function worse(value: unknown): unknown {
  if (value === true) return false;
  if (typeof value === "number") return value === 0 ? undefined : 0;
  if (typeof value === "string") return value === "*" ? undefined : "*";
  if (Array.isArray(value)) return value.length === 0 ? undefined : [];
  return isObject(value) && Object.keys(value).length > 0 ? {} : undefined;
}

export const pathText = (path: readonly Key[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? key : `${text}.${key}`),
    "",
  );

/** Declared resources of providers; the engine's own have nothing to make wrong. */
const isDeclared = ({ type }: Recorded): boolean => !/^(pulumi|deployment-safety):/.test(type);

/** Every mutant, in the order of the stack. */
export function* mutants(stack: readonly Recorded[]): Generator<Mutant> {
  for (const resource of stack.filter(isDeclared))
    for (const path of pathsOf(resource.inputs).filter(([key]) => !String(key).startsWith("__"))) {
      const value = worse(at(resource.inputs, path));
      const replacements = [undefined, ...(value === undefined ? [] : [value])];
      for (const replacement of replacements)
        yield {
          type: resource.type,
          name: resource.name,
          path: pathText(path),
          change: replacement === undefined ? "removed" : `set to ${JSON.stringify(replacement)}`,
          stack: stack.map((one) =>
            one === resource
              ? {
                  ...one,
                  inputs: withValue(one.inputs, path, replacement) as Properties,
                  outputs: withValue(one.outputs, path, replacement) as Properties,
                }
              : one,
          ),
        };
    }
}
