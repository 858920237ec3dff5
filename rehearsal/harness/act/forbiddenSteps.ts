import { parseDocument } from "yaml";
import type { Release } from "../../../decisions/stack/config";
import { other } from "../../../decisions/stack/names";
import type { Context } from "../context";
import { recordOf } from "./releases";

/** A hand-made edit of prod's stack file that no one may apply. */
export interface ForbiddenStep {
  name: string;
  /** The stack file with the edit. */
  edit(file: string): string;
  /** What the refusal must mention. */
  says: RegExp;
}

/** One edit for each transition that design and policy forbid; it starts from 1.1.0 live and 1.0.0 in standby. */
export function forbiddenSteps(context: Context): ForbiddenStep[] {
  const release = (name: string, says: RegExp, change: (release: Release) => void): ForbiddenStep => ({
    name,
    says,
    edit: (file) => {
      const document = parseDocument(file);
      const next = (document.toJS() as { config: Record<string, Release> }).config[
        "deployment-safety:release"
      ];
      if (!next) throw new Error("the stack file holds no release");
      next.serial += 1;
      change(next);
      document.setIn(["config", "deployment-safety:release"], next);
      return document.toString();
    },
  });
  const newest = recordOf(context, "1.2.0");
  const slot = { version: newest.version, image: newest.image, revision: newest.revision };
  return [
    release("a new image in the live slot", /live|slot/, (next) => (next.slots[next.live] = slot)),
    release("slots and migration together", /migrat/, (next) => {
      next.migration = { revision: newest.revision, image: newest.image };
      next.slots[other(next.live)] = slot;
    }),
    release("a load and a canary together", /canaryWeight|one step/, (next) => {
      next.slots[other(next.live)] = slot;
      next.canaryWeight = 10;
    }),
    release(
      "a promotion from weight 0 to a release that is not known good",
      /known good|promote|verdict/,
      (next) => {
        next.slots[other(next.live)] = slot;
        next.live = other(next.live);
      },
    ),
    release("a canary of 11 %", /canaryWeight[\s\S]*10/, (next) => (next.canaryWeight = 11)),
    release("a pause together with a settle", /one step|traffic/, (next) => {
      next.traffic = "paused";
      next.slots = { [next.live]: next.slots[next.live] };
    }),
    release("an empty live slot", /empty/, (next) => (next.slots = {})),
    release(
      "a validation of something that is not live",
      /validated/,
      (next) => (next.validated = slot.image.split("@")[1]),
    ),
    release("a downgrade while the newer release has traffic", /downgrade|traffic/, (next) => {
      const from = next.migration?.revision ?? "";
      next.migration = {
        revision: recordOf(context, "1.0.0").revision,
        image: next.migration?.image ?? "",
        downgradeFrom: from,
      };
    }),
    release("a serial that leaps", /serial/, (next) => (next.serial += 5)),
    release("another release under the published serial", /serial/, (next) => {
      next.serial -= 1;
      next.canaryWeight = 10;
    }),
  ];
}
