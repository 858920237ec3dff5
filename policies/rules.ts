import { acts, complete, missingData } from "./alarms/alarms";
import { slotWatched, topicUsed } from "./alarms/coverage";
import { backupAlarmed } from "./recovery/alarms";
import { databaseGuarded, databaseRetention } from "./recovery/instances";
import { continuous, role, selected, selectionTakes } from "./recovery/ownership";
import { retention, schedule, windows } from "./recovery/plans";
import { restoreSchedule, restoreTested } from "./recovery/restoreTests";
import { vaultGuarded, vaultLocked, vaultPolicy } from "./recovery/vaults";
import { irreversible } from "./approval/irreversible";
import { proved } from "./approval/revisions";
import { migrationJob } from "./approval/migrationJob";
import { expired, owned, risky, valid } from "./flags/flags";
import { contained, images, probed, rollout, spread } from "./release/pods";
import { disruption, oneImage, service } from "./release/slots";
import { knowsRelease, published } from "./release/identity";
import { canaryBounded, ruleComplete, weightsSum } from "./traffic/listenerRules";
import { refused } from "./release/refused";
import { binding, healthChecked } from "./traffic/targets";
import { drained, noEmptySlot, testRule } from "./traffic/traffic";
import type { Rule } from "./rule";

/** Every rule of the pack, area by area, in the order of docs/policies.md. */
export const rules: readonly Rule[] = [
  selected,
  schedule,
  retention,
  windows,
  continuous,
  selectionTakes,
  role,
  vaultGuarded,
  vaultLocked,
  vaultPolicy,
  databaseRetention,
  databaseGuarded,
  restoreSchedule,
  restoreTested,
  backupAlarmed,
  weightsSum,
  canaryBounded,
  ruleComplete,
  noEmptySlot,
  refused,
  testRule,
  images,
  oneImage,
  knowsRelease,
  published,
  probed,
  contained,
  rollout,
  spread,
  disruption,
  drained,
  service,
  healthChecked,
  binding,
  slotWatched,
  acts,
  missingData,
  complete,
  topicUsed,
  valid,
  owned,
  expired,
  risky,
  migrationJob,
  proved,
  irreversible,
];
