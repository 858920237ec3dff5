import type { Scenario } from "../harness/scenario";
import { pitrDrill } from "./pitrDrill";
import { pitrDrillMissingWal } from "./pitrDrillMissingWal";
import { pitrDrillTargetOutOfRange } from "./pitrDrillTargetOutOfRange";
import { restoreBeside } from "./restoreBeside";
import { auditTampered } from "./auditTampered";
import { commsDown } from "./commsDown";
import { databaseDown } from "./databaseDown";
import { incidentByAlarm } from "./incidentByAlarm";
import { incidentByRollback } from "./incidentByRollback";
import { incidentByTicket } from "./incidentByTicket";
import { badCanaryCrash } from "./badCanaryCrash";
import { badCanaryErrors } from "./badCanaryErrors";
import { badCanarySlow } from "./badCanarySlow";
import { badCanarySubtle } from "./badCanarySubtle";
import { badWorker } from "./badWorker";
import { bakeRegression } from "./bakeRegression";
import { brakeDuringPromote } from "./brakeDuringPromote";
import { budgetSpent } from "./budgetSpent";
import { burstOnBoth } from "./burstOnBoth";
import { cloudwatchSource } from "./cloudwatchSource";
import { control } from "./control";
import { finishedElsewhere } from "./finishedElsewhere";
import { firstRelease } from "./firstRelease";
import { flagGating } from "./flagGating";
import { gitRevert } from "./gitRevert";
import { goodCanary } from "./goodCanary";
import { illegalStep } from "./illegalStep";
import { killedDeploy } from "./killedDeploy";
import { killedRollback } from "./killedRollback";
import { irreversibleChange } from "./irreversibleChange";
import { irreversibleRefused } from "./irreversibleRefused";
import { lockHeld } from "./lockHeld";
import { metricsOutage } from "./metricsOutage";
import { noTraffic } from "./noTraffic";
import { notValidatedInStaging } from "./notValidatedInStaging";
import { quietNight } from "./quietNight";
import { refusedDigest } from "./refusedDigest";
import { rolesUnreachable } from "./rolesUnreachable";
import { rollbackAfterPromotion } from "./rollbackAfterPromotion";
import { rollbackByHistory } from "./rollbackByHistory";
import { rollbackTwoVersions } from "./rollbackTwoVersions";
import { rollbackUnknownVersion } from "./rollbackUnknownVersion";
import { secondRelease } from "./secondRelease";
import { staleFile } from "./staleFile";
import { throttledBrake } from "./throttledBrake";
import { weightsDrifted } from "./weightsDrifted";
import { backfillFlagOff } from "./backfillFlagOff";
import { backfillKilled } from "./backfillKilled";
import { checklistRefused } from "./checklistRefused";
import { downgradeUntestedInStaging } from "./downgradeUntestedInStaging";
import { lockConflict } from "./lockConflict";
import { migrationRollback } from "./migrationRollback";
import { lossyDowngradeRefused } from "./lossyDowngradeRefused";
import { zeroDowntimeMigration } from "./zeroDowntimeMigration";
import { unprovenDowngradeRefused } from "./unprovenDowngradeRefused";
import { rollbackDuringMigration } from "./rollbackDuringMigration";

/**
 * Every scenario, in the order of a run. Those that need the same release live follow one another: bringing one live takes
 * two deploys.
 */
export const scenarios: readonly Scenario[] = [
  firstRelease,
  secondRelease,
  rollbackByHistory,
  rollbackUnknownVersion,
  gitRevert,
  badCanaryErrors,
  notValidatedInStaging,
  staleFile,
  illegalStep,
  rollbackTwoVersions,
  goodCanary,
  weightsDrifted,
  badCanarySubtle,
  badCanarySlow,
  badCanaryCrash,
  badWorker,
  throttledBrake,
  cloudwatchSource,
  burstOnBoth,
  budgetSpent,
  metricsOutage,
  noTraffic,
  quietNight,
  lockHeld,
  refusedDigest,
  rollbackAfterPromotion,
  brakeDuringPromote,
  bakeRegression,
  finishedElsewhere,
  killedDeploy,
  killedRollback,
  control,
  flagGating,
  backfillFlagOff,
  backfillKilled,
  downgradeUntestedInStaging,
  checklistRefused,
  lockConflict,
  rollbackDuringMigration,
  migrationRollback,
  unprovenDowngradeRefused,
  lossyDowngradeRefused,
  zeroDowntimeMigration,
  pitrDrill,
  pitrDrillMissingWal,
  pitrDrillTargetOutOfRange,
  restoreBeside,
  incidentByAlarm,
  incidentByTicket,
  incidentByRollback,
  databaseDown,
  rolesUnreachable,
  commsDown,
  auditTampered,
  // Last, for no release goes back over it.
  irreversibleRefused,
  irreversibleChange,
];
