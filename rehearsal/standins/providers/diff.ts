/** Differences between two sets of properties: what changes, and how what is live compares with what was declared. */
import { isObject, type Json } from "./wire";

export type Path = (string | number)[];

/** One property that differs, by its path (`["actions", 0, "type"]`). */
export interface Change {
  path: Path;
  kind: "ADD" | "DELETE" | "UPDATE";
}

/** A path as Pulumi writes it: `actions[0].forward`, `metadata.annotations["a.b/c"]`. */
export const pathText = (path: Path): string =>
  path
    .map((part) => (/^[A-Za-z_]\w*$/.test(String(part)) ? `.${part}` : `[${JSON.stringify(part)}]`))
    .join("")
    .replace(/^\./, "");

/** The smallest differing properties; keys that begin with `__` are the provider's own notes and never differ. */
export function changesBetween(before: Json | undefined, after: Json | undefined, path: Path = []): Change[] {
  if (before === after) return [];
  if (before === undefined || after === undefined)
    return [{ path, kind: before === undefined ? "ADD" : "DELETE" }];
  if (isObject(before) && isObject(after)) {
    const keys = Object.keys({ ...before, ...after }).filter((key) => !key.startsWith("__"));
    return keys.flatMap((key) => changesBetween(before[key], after[key], [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const longer = before.length > after.length ? before : after;
    return longer.flatMap((_, i) => changesBetween(before[i], after[i], [...path, i]));
  }
  return [{ path, kind: "UPDATE" }];
}

/** True if everything declared is so in what is live; a service adds defaults, and writes numbers as it likes ("30", 30). */
export function holds(declared: Json, live: Json | undefined): boolean {
  if (isObject(declared))
    return isObject(live) && Object.entries(declared).every(([key, value]) => holds(value, live[key]));
  if (!Array.isArray(declared)) return live !== undefined && String(declared) === String(live);
  return (
    Array.isArray(live) &&
    declared.length === live.length &&
    declared.every((value, i) => holds(value, live[i]))
  );
}

/** What was declared, with each value that drifted as it is live, and each property that is gone left out. */
export function drifted<T extends Json>(declared: T, live: Json): T;
export function drifted(declared: Json, live: Json): Json {
  if (holds(declared, live)) return declared;
  if (Array.isArray(declared) && Array.isArray(live) && declared.length === live.length) {
    return declared.map((value, i) => drifted(value, live[i] ?? null));
  }
  if (!isObject(declared) || !isObject(live)) return live;
  const now = ([key, value]: [string, Json]): [string, Json][] => {
    const current = key.startsWith("__") ? value : live[key];
    return current === undefined ? [] : [[key, drifted(value, current)]];
  };
  return Object.fromEntries(Object.entries(declared).flatMap(now));
}
