import type { Release, WrittenFlags, WrittenSizing } from "../stack/config";
import type { Slot } from "../stack/names";
import type { Step } from "./transitionFacts";

/** One update of a deploy's or a rollback's plan: one step, applied by one `pulumi up`. */
export interface PlannedUpdate {
  step: Step;
  /** The release to write and apply. */
  release: Release;
  /** Flags to write with it. Default: those of the stack file stay. */
  flags?: WrittenFlags;
  /** Sizing to write with it. Default: that of the stack file stays. */
  sizing?: WrittenSizing;
  /** Slot whose smoke tests must pass before the update. Default: none. */
  smokeBefore?: Slot | undefined;
  /** Whether the gate must have judged the canary `promote`, under the serial before this one, before the update. Default: no. */
  gateBefore?: boolean;
  /** Slot to smoke after the update, through its test rule. Default: none. */
  smoke?: Slot | undefined;
  /** For people: what it does. */
  why: string;
}
