import type { Scenario } from "../scenario";
import { badCanaryErrors } from "./badCanaryErrors";
import { control } from "./control";
import { firstRelease } from "./firstRelease";
import { illegalStep } from "./illegalStep";
import { notValidatedInStaging } from "./notValidatedInStaging";
import { rollbackByHistory } from "./rollbackByHistory";
import { rollbackTwoVersions } from "./rollbackTwoVersions";
import { rollbackUnknownVersion } from "./rollbackUnknownVersion";
import { secondRelease } from "./secondRelease";
import { staleFile } from "./staleFile";

/** Every scenario, in the order of a run. */
export const scenarios: readonly Scenario[] = [
  firstRelease,
  secondRelease,
  rollbackByHistory,
  rollbackUnknownVersion,
  notValidatedInStaging,
  staleFile,
  illegalStep,
  rollbackTwoVersions,
  badCanaryErrors,
  control,
];
