/** One key that differs. */
export interface DiffLine {
  /** Dotted path. */
  path: string;
  kind: "added" | "removed" | "changed";
  /** Value before; absent when added. */
  before?: unknown;
  /** Value after; absent when removed. */
  after?: unknown;
}

/** What stands in the place of a secret's value. */
export const masked = "[secret]";

/** Every leaf that differs between two configs, sorted by path. Values at paths for which `isSecret` holds are masked. */
export function configDiff(
  before: unknown,
  after: unknown,
  isSecret: (path: string) => boolean = () => false,
): DiffLine[] {
  const from = leaves(before);
  const to = leaves(after);
  const shown = (path: string, value: unknown) => (isSecret(path) ? masked : value);
  return [...new Set([...from.keys(), ...to.keys()])].sort().flatMap((path): DiffLine[] => {
    const was = from.get(path);
    const is = to.get(path);
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    if (!from.has(path)) return [{ path, kind: "added", after: shown(path, is) }];
    if (!to.has(path)) return [{ path, kind: "removed", before: shown(path, was) }];
    return [{ path, kind: "changed", before: shown(path, was), after: shown(path, is) }];
  });
}

/** A line for people: `+ path: value`, `- path: value`, `~ path: before -> after`. */
export function diffText(line: DiffLine): string {
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  if (line.kind === "added") return `+ ${line.path}: ${text(line.after)}`;
  if (line.kind === "removed") return `- ${line.path}: ${text(line.before)}`;
  return `~ ${line.path}: ${text(line.before)} -> ${text(line.after)}`;
}

/** A list is one leaf: a diff by index would tell more about the order than about the change. */
function leaves(value: unknown, path = "", into = new Map<string, unknown>()): Map<string, unknown> {
  if (value === undefined) return into;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return into.set(path, value);
  for (const [key, held] of Object.entries(value)) leaves(held, path ? `${path}.${key}` : key, into);
  return into;
}
