import { type Declared, resourceRule } from "../rule";
import { types } from "../types";
import { isSet, shown, unknown, valueAt } from "../propertyValues";
import { isConfigured, isMigration } from "./changeScope";

/** The rule about changes that cannot be undone. */

/** Whether it is a lock in compliance mode, which nobody can remove after its days of grace. */
const isCompliance = ({ type, properties }: Declared): boolean => {
  const days = valueAt(properties, "changeableForDays");
  return type === types.vaultLock && isSet(days) && days !== unknown;
};

export const irreversibleChangeApproved = resourceRule({
  id: "irreversible-change-approved",
  area: "approval",
  severity: "critical",
  isAdvisoryInPreview: true,
  rows: ["D3", "D4", "D5"],
  description:
    "With `changeWindow` set, an irreversible migration runs only if, at that moment, it is approved, it is outside school hours, guardians are notified, and there are a recovery point of the last hour and a drill of the last quarter. A vault lock in compliance mode always needs the same.",
  why: "Two people should decide on what cannot be undone, and do it when a failure does the least harm.",
  remedy:
    'Run `make approve CHANGE=<revision or vault-lock> REASON="<why>"`, where it affects them `make notify-guardians`, and `make drill` where the last one is older than a quarter; then update within the approved window: `make migrate` takes the recovery point itself, plain `pulumi up` does not. Leave `changeableForDays` out for a lock in governance mode.',
  types: [types.vaultLock, types.job],
  async check(resource, report, _, context) {
    const isLock = isCompliance(resource);
    if (!isLock && !isMigration(resource)) return;
    const found = isConfigured(context)
      ? await context.liveState().irreversibleReasons(context, isLock)
      : isLock
        ? ["an approval, which only a project with `deployment-safety:changeWindow` can have"]
        : [];
    for (const text of found)
      report(resource, {
        ...(isLock && { at: "changeableForDays" }),
        found: isLock
          ? `compliance mode, ${shown(valueAt(resource.properties, "changeableForDays"))} days of grace`
          : "an irreversible migration",
        required: text.replace(/\.$/, ""),
        fix: "Get what is missing, and update within the approved window.",
      });
  },
});
