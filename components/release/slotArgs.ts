import type { Resource } from "@pulumi/pulumi";
import type { Settings, SlotRelease } from "../../decisions/stack/config";
import type { Slot } from "../../decisions/stack/names";

/** What everything in one slot is made from. */
export interface ReleaseSlotArgs {
  /** First part of the logical names of everything in the slot. */
  name: string;
  /** The component that it is part of. */
  parent: Resource;
  stack: string;
  slot: Slot;
  settings: Settings;
  /** Priority of the slot's test rule; lower than the weighted rule's, so that it is asked first. */
  testRulePriority: number;
  /** What must have happened before a pod of the slot starts: the migration. */
  after: Resource[];
}

/** What a workload of a slot is made from. */
export interface WorkloadArgs extends ReleaseSlotArgs {
  release: SlotRelease;
}
