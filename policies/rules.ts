import { retention, schedule, windows } from "./backups/plans";
import type { Rule } from "./rule";

/** Every rule of the pack, area by area, in the order of docs/policies.md. */
export const rules: readonly Rule[] = [schedule, retention, windows];
