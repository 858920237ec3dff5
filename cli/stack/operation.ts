import type { Release, Settings, WrittenFlags, WrittenSizing } from "../../decisions/stack/config";
import type { HistoryEntry } from "../../decisions/stack/history";
import type { Published } from "../../decisions/stack/parameters";
import type { Step } from "../../decisions/release/transitionFacts";
import type { Context } from "../shell/context";
import type { ChangedResource } from "../ports/engine";
import type { HeldLease } from "./lease";

/** A command that holds the stack's lease, with what is applied now. */
export interface Operation {
  ctx: Context;
  /** What it is, in its lease and in the update messages: the command's name, or `rollback` where a deploy goes back. */
  name: string;
  lease: HeldLease;
  /** The release as last applied, or the file's on a first run. Moves with every {@link apply}. */
  current: Release;
  /** Stack history as it was when the operation began, newest first. */
  history: HistoryEntry[];
  /** The parameters as they were when the operation began. */
  published: Published;
  /** Whether `current` must be applied once more, because a later update was killed or failed. */
  reapply: boolean;
  /** Why, for the report. */
  why: string;
  /** Version that this operation is about, for the update messages. */
  version: string | undefined;
  /** Seconds to wait for somebody else's update. */
  lockPatience: number;
  /** Resources changed by each `up` of this operation. */
  updates: { step: Change["step"]; serial: number; changed: ChangedResource[] }[];
}

/** One step: the release to apply and, where they change with it, flags and sizing. */
export interface Change {
  step: Step | "reapply" | "flags" | "config";
  release: Release;
  flags?: WrittenFlags;
  sizing?: WrittenSizing;
  heldFlags?: Settings["heldFlags"];
  /** Why, for the update's message. */
  reason?: string;
  /** Whether it is part of a rollback, which no policy may hold up. Default: by its step. */
  isRollback?: boolean;
}

/** A release in one line. */
export function describeRelease(release: Release): string {
  const slot = (name: "blue" | "green") => `${name} ${release.slots[name]?.version ?? "empty"}`;
  const weight = release.canaryWeight > 0 ? `, canary ${release.canaryWeight} %` : "";
  return `serial ${release.serial}: ${slot("blue")}, ${slot("green")}, live ${release.live}${weight}${release.traffic === "paused" ? ", paused" : ""}`;
}

/** Every `up` of an operation with the resources that it changed, for people; the JSON report gets them too. */
export function describeUpdates({ ctx, updates }: Operation): string {
  ctx.output.set("upCount", updates.length);
  ctx.output.set("updates", updates);
  return updates
    .flatMap((update) => [
      `${update.step}, serial ${update.serial}: ${update.changed.length} resources changed`,
      ...update.changed.map((resource) => `  ${resource.operation} ${resource.type} ${resource.name}`),
    ])
    .join("\n");
}
