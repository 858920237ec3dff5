import { shown, unknown, valueAt } from "../propertyValues";
import { type Expanded, expand } from "./schedule";

type Schedule =
  Extract<Expanded, { ok: false }> | (Extract<Expanded, { ok: true }> & { text: string; zone: string });

const known = new Map<string, Expanded>();

/**
 * The schedule in a property, expanded in the time zone beside it; AWS's default is Etc/UTC. Cached by day, because several
 * policies ask about the same plan.
 */
export function scheduleAt(holder: unknown, key: string, now: Date): Schedule | typeof unknown {
  const text = valueAt(holder, key);
  const zone = valueAt(holder, "scheduleExpressionTimezone") ?? "Etc/UTC";
  if (text === unknown || zone === unknown) return unknown;
  if (typeof text !== "string" || typeof zone !== "string") return { ok: false, issue: shown(text) };
  const cacheKey = `${text} ${zone} ${now.toISOString().slice(0, 10)}`;
  const found = known.get(cacheKey) ?? expand(text, zone, now);
  known.set(cacheKey, found);
  return found.ok ? { ...found, text, zone } : found;
}
