import { type Declared, resourceRule } from "../rule";
import { types } from "../types";
import { isSet, shown, unknown, valueAt } from "../values";
import { isConfigured, isMigration } from "./asked";

/** What cannot be undone, at the hour of the update. */

/** A lock in compliance mode, which nobody can take off again once its days of grace are over. */
const isCompliance = ({ type, properties }: Declared): boolean => {
  const days = valueAt(properties, "changeableForDays");
  return type === types.vaultLock && isSet(days) && days !== unknown;
};

export const irreversible = resourceRule({
  id: "irreversible-change-approved",
  area: "change",
  severity: "critical",
  isAdvisoryInPreview: true,
  rows: ["D3", "D4", "D5"],
  description:
    "An irreversible migration, and a vault lock in compliance mode, run only approved, out of school hours, and with guardians told, as things stand at that hour.",
  why: "What cannot be undone is decided by two people and done when a failure harms least.",
  remedy:
    "Run `make approve CHANGE=<revision or vault-lock>` and, where it affects them, `make notify-guardians`; then update within the approved window. Leave `changeableForDays` out for a lock in governance mode.",
  types: [types.vaultLock, types.job],
  async check(resource, report, _, situation) {
    const isLock = isCompliance(resource);
    if (!isLock && !isMigration(resource)) return;
    const found = isConfigured(situation)
      ? await situation.inForce().irreversibleReasons(situation, isLock)
      : isLock
        ? ["an approval, which only a project with `deployment-safety:changeWindow` can have"]
        : [];
    for (const text of found)
      report(
        {
          ...(isLock && { at: "changeableForDays" }),
          found: isLock
            ? `compliance mode, ${shown(valueAt(resource.properties, "changeableForDays"))} days of grace`
            : "an irreversible migration",
          required: text.replace(/\.$/, ""),
          mend: "Get what is missing, and update within the approved window.",
        },
        resource,
      );
  },
});
