import type { Release, SlotRelease } from "../stack/config";
import { liveDigest } from "./digest";
import { idleSlot } from "./trafficWeights";
import type { Slot } from "../stack/names";

/** Share of traffic that a canary gets, percent (A4). */
export const canaryShare = 10;

/** The release of a stack on which nothing has run yet; both slots are empty and the rule answers 503. */
export const emptyRelease = (live: Slot = "blue"): Release => ({
  serial: 0,
  live,
  canaryWeight: 0,
  traffic: "paused",
  slots: {},
});

/** `release` one serial on, with `change`; whatever step follows drops the note that a downgrade left. */
function advance(release: Release, change: Partial<Release>): Release {
  const { migration, ...rest } = release;
  return {
    ...rest,
    ...(migration && { migration: { revision: migration.revision, image: migration.image } }),
    ...change,
    serial: release.serial + 1,
  };
}

function withoutValidated(release: Release): Release {
  const { validated: _, ...rest } = release;
  return rest;
}

/** Builds the release that a step leads to. Each is pure; whether it is legal now, `transition` decides. */
export const releaseAfter = {
  /** Database up to `revision` with `image`, alone in its update. */
  migrate: (r: Release, to: { revision: string; image: string }): Release =>
    advance(r, { migration: { revision: to.revision, image: to.image } }),
  /** First release of a stack, into the live slot, traffic stays paused. */
  first: (r: Release, release: SlotRelease): Release =>
    advance(r, { traffic: "paused", slots: { ...r.slots, [r.live]: release } }),
  /** A release into the idle slot. */
  load: (r: Release, release: SlotRelease): Release =>
    advance(r, { slots: { ...r.slots, [idleSlot(r)]: release } }),
  /** Traffic for the loaded slot, percent. */
  canary: (r: Release, weight: number = canaryShare): Release => advance(r, { canaryWeight: weight }),
  /** The canary becomes live; the old release stays in the idle slot. */
  promote: (r: Release): Release => advance(r, { live: idleSlot(r), canaryWeight: 0 }),
  /** The live release has passed its validation; opens traffic if it is paused. Throws while the live slot is empty. */
  validate: (r: Release): Release => {
    const live = liveDigest(r);
    if (!live)
      throw new Error(`Slot ${r.live} is empty, so nothing can be validated: deploy a release first.`);
    return advance(r, { validated: live, traffic: "open" });
  },
  pause: (r: Release): Release => advance(r, { traffic: "paused" }),
  open: (r: Release): Release => advance(r, { traffic: "open" }),
  /** Empties the idle slot. */
  emptyIdle: (r: Release): Release => advance(r, { slots: { [r.live]: r.slots[r.live] } }),
  /**
   * All traffic to `slot`, nothing validated; for the live slot it ends a canary. `pause` stops traffic and workers too, before
   * the database goes back.
   */
  rollback: (r: Release, slot: Slot, options: { pause?: boolean } = {}): Release =>
    withoutValidated(
      advance(r, { live: slot, canaryWeight: 0, traffic: options.pause ? "paused" : r.traffic }),
    ),
  /**
   * Database down to `revision`, with the image that knows the way. What was validated ran on the newer schema, so that is
   * cleared. Throws where no migration has run. `loss`: rows that may be lost, by revision.
   */
  downgrade: (
    r: Release,
    to: { revision: string; loss?: ReadonlyMap<string, number> | undefined },
  ): Release => {
    if (!r.migration)
      throw new Error("No migration has run on this stack, so there is nothing to take down.");
    const { revision, image } = r.migration;
    return withoutValidated(
      advance(r, {
        migration: {
          revision: to.revision,
          image,
          downgradeFrom: revision,
          ...(to.loss?.size ? { approvedLoss: Object.fromEntries(to.loss) } : {}),
        },
      }),
    );
  },
};
