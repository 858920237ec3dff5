import type { Resource } from "@pulumi/pulumi";
import type { Settings, SlotRelease } from "../../decisions/stack/config";
import type { Slot } from "../../decisions/stack/names";

/** The arguments of everything in one slot. */
export interface ReleaseSlotArgs {
  /** Prefix of the logical names of everything in the slot. */
  name: string;
  /** The component that owns the slot. */
  parent: Resource;
  stack: string;
  slot: Slot;
  settings: Settings;
  /** Priority of the slot's test rule; lower than the weighted rule's, so that it matches first. */
  testRulePriority: number;
  /** What must be done before a pod of the slot starts: the migration. */
  after: Resource[];
}

/** The arguments of a workload of a slot. */
export interface WorkloadArgs extends ReleaseSlotArgs {
  release: SlotRelease;
}
