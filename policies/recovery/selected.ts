import { type Answer, all, answer, any } from "../resourceGraph";
import type { Declared } from "../rule";
import { listAt, shown, unknown, valueAt } from "../propertyValues";
import type { Database } from "./databases";

/**
 * Whether a selection of AWS Backup takes a database: by ARNs and patterns, by tags (any of them), by conditions (all of
 * them), less what it excludes. If several of these are given all must agree, so that a "yes" is certain.
 */
export function selects(selection: Declared, database: Database): Answer {
  const { properties } = selection;
  const resources = listAt(properties, "resources");
  const tags = listAt(properties, "selectionTags");
  const conditions = listAt(properties, "conditions");
  const ways: Answer[] = [];
  if (valueAt(properties, "resources") === unknown || resources.length > 0)
    ways.push(byArn(selection, "resources", database));
  if (tags.length > 0)
    ways.push(any(tags.map((tag) => tagIs(database, valueAt(tag, "key"), valueAt(tag, "value")))));
  if (conditions.length > 0) ways.push(all(conditions.map((condition) => meets(database, condition))));
  if (ways.length === 0) return "no";
  const isExcluded = byArn(selection, "notResources", database);
  return all([...ways, isExcluded === "yes" ? "no" : isExcluded === "no" ? "yes" : "unknown"]);
}

function byArn(selection: Declared, property: string, database: Database): Answer {
  const value = valueAt(selection.properties, property);
  const urn = database.resource?.urn;
  if (urn !== undefined && selection.references[property]?.includes(urn)) return "yes";
  if (value === unknown) return "unknown";
  return any(listAt(selection.properties, property).map((pattern) => arnMatches(pattern, database)));
}

function arnMatches(pattern: unknown, { arn, kind, identifier }: Database): Answer {
  if (typeof pattern !== "string") return pattern === unknown ? "unknown" : "no";
  if (pattern === "*") return "yes";
  if (typeof arn === "string") return answer(glob(pattern).test(arn));
  const [, kinds, names] = /^arn:[^:]+:rds:[^:]*:[^:]*:([^:]+):(.+)$/.exec(pattern) ?? [];
  if (kinds === undefined || names === undefined || !glob(kinds).test(kind)) return "no";
  if (names === "*") return "yes";
  return typeof identifier === "string" ? answer(glob(names).test(identifier)) : "unknown";
}

/** A pattern with `*` for any text. */
const glob = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);

function tagIs(database: Database, key: unknown, value: unknown): Answer {
  if (key === unknown || value === unknown || database.tags === unknown) return "unknown";
  const tag = database.tags?.[String(key)];
  return tag === unknown ? "unknown" : answer(tag !== undefined && tag === value);
}

/** `stringEquals`, `stringLikes` and their opposites, each a list of `{ key: "aws:ResourceTag/<tag>", value }`. */
function meets(database: Database, condition: unknown): Answer {
  const parts: Answer[] = [];
  for (const [operator, isWanted] of [
    ["stringEquals", true],
    ["stringLikes", true],
    ["stringNotEquals", false],
    ["stringNotLikes", false],
  ] as const)
    for (const entry of listAt(condition, operator)) {
      const key = shown(valueAt(entry, "key"))
        .replaceAll('"', "")
        .replace(/^aws:ResourceTag\//, "");
      if (database.tags === unknown) {
        parts.push("unknown");
        continue;
      }
      const tag = database.tags?.[key];
      const value = valueAt(entry, "value");
      if (tag === unknown || value === unknown) parts.push("unknown");
      // No tag of a database outside the stack is known, so nothing is proven either way.
      else if (database.tags === undefined) parts.push("no");
      else
        parts.push(
          answer(
            (typeof tag === "string" && typeof value === "string" && glob(value).test(tag)) === isWanted,
          ),
        );
    }
  return parts.length === 0 ? "no" : all(parts);
}
