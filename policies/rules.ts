import { alarmComplete } from "./alarms/alarmComplete";
import { alarmMissingDataDecided, alarmReachesSomebody } from "./alarms/alarms";
import { slotAlarmed, topicIsUsed } from "./alarms/coverage";
import { irreversibleChangeApproved } from "./approval/irreversible";
import { migrationRunsOnce } from "./approval/migrationJob";
import { revisionProvedAndReviewed } from "./approval/revisions";
import { flagNotExpired, flagOwnedAndExpiring, flagValid, riskyFlagOffUntilValidated } from "./flags/flags";
import { backupFailuresReachSomebody } from "./recovery/alarms";
import { databaseDeletionGuarded, databaseRetentionLongEnough } from "./recovery/instances";
import {
  backupRoleMayBackUpAndRestore,
  backupSelectionTakesSomething,
  databaseInHourlyPlan,
  pointInTimeRecoveryOn,
} from "./recovery/ownership";
import { backupRetentionLongEnough, backupScheduleHourly, backupWindowsFitSchedule } from "./recovery/plans";
import { databaseRestoreTested, restoreTestAtLeastQuarterly } from "./recovery/restoreTests";
import { backupVaultGuarded, backupVaultLocked, backupVaultPolicyDeniesDeletion } from "./recovery/vaults";
import { podsKnowTheirRelease, publishedReleaseReadable } from "./release/identity";
import { imageNamedByDigest, podsContained } from "./release/pods";
import { podsProbed } from "./release/probes";
import { refusedDigestWithoutTraffic } from "./release/refused";
import { podsSpreadOut, rolloutKeepsCapacity } from "./release/rollout";
import { podsDisruptionBudgeted, serviceSelectsOneSlot, slotRunsOneImage } from "./release/slots";
import { canaryAtMost10Percent, trafficRuleComplete, trafficWeightsSumTo100 } from "./traffic/listenerRules";
import { targetBindingComplete, targetsHealthChecked } from "./traffic/targets";
import { noTrafficWithoutPods, podsEndAfterDrain, slotReachableForTests } from "./traffic/traffic";
import type { Rule } from "./rule";

/** Every rule of the pack, area by area, in the order of docs/policies.md. */
export const rules: readonly Rule[] = [
  databaseInHourlyPlan,
  backupScheduleHourly,
  backupRetentionLongEnough,
  backupWindowsFitSchedule,
  pointInTimeRecoveryOn,
  backupSelectionTakesSomething,
  backupRoleMayBackUpAndRestore,
  backupVaultGuarded,
  backupVaultLocked,
  backupVaultPolicyDeniesDeletion,
  databaseRetentionLongEnough,
  databaseDeletionGuarded,
  restoreTestAtLeastQuarterly,
  databaseRestoreTested,
  backupFailuresReachSomebody,
  trafficWeightsSumTo100,
  canaryAtMost10Percent,
  trafficRuleComplete,
  noTrafficWithoutPods,
  slotReachableForTests,
  podsEndAfterDrain,
  targetsHealthChecked,
  targetBindingComplete,
  refusedDigestWithoutTraffic,
  imageNamedByDigest,
  slotRunsOneImage,
  podsKnowTheirRelease,
  publishedReleaseReadable,
  podsProbed,
  podsContained,
  rolloutKeepsCapacity,
  podsSpreadOut,
  podsDisruptionBudgeted,
  serviceSelectsOneSlot,
  slotAlarmed,
  alarmReachesSomebody,
  alarmMissingDataDecided,
  alarmComplete,
  topicIsUsed,
  flagValid,
  flagOwnedAndExpiring,
  flagNotExpired,
  riskyFlagOffUntilValidated,
  migrationRunsOnce,
  revisionProvedAndReviewed,
  irreversibleChangeApproved,
];
