import { type Expanded, expand } from "./schedule";

const known = new Map<string, Expanded>();

/** {@link expand}, cached by schedule and day because several policies ask about the same plan. */
export function expanded(expression: string, zone: string, now: Date): Expanded {
  const key = `${expression} ${zone} ${now.toISOString().slice(0, 10)}`;
  const found = known.get(key) ?? expand(expression, zone, now);
  known.set(key, found);
  return found;
}
