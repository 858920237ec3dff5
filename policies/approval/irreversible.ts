import { type Declared, resourceRule } from "../rule";
import { types } from "../types";
import { isSet, shown, unknown, valueAt } from "../propertyValues";
import { isConfigured, isMigration } from "./changeScope";

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
    "Where `changeWindow` is set, an irreversible migration runs only approved, out of school hours, with guardians told, a recovery point of the last hour and a drill of the last quarter, as things stand at that hour; a vault lock in compliance mode needs the same everywhere.",
  why: "What cannot be undone is decided by two people and done when a failure harms least.",
  remedy:
    'Run `make approve CHANGE=<revision or vault-lock> REASON="<why>"`, where it affects them `make notify-guardians`, and `make drill` where the last one is older than a quarter; then update within the approved window: `make migrate` takes the recovery point itself, plain `pulumi up` does not. Leave `changeableForDays` out for a lock in governance mode.',
  types: [types.vaultLock, types.job],
  async check(resource, report, _, situation) {
    const isLock = isCompliance(resource);
    if (!isLock && !isMigration(resource)) return;
    const found = isConfigured(situation)
      ? await situation.liveState().irreversibleReasons(situation, isLock)
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
          fix: "Get what is missing, and update within the approved window.",
        },
        resource,
      );
  },
});
