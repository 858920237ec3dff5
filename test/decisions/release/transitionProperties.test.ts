import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { releaseSchema, type Release } from "../../../decisions/stack/config";
import { digest, digestIn, liveDigest } from "../../../decisions/release/digest";
import {
  exposedDigests,
  forwardWeights,
  idleSlot,
  trafficWeights,
} from "../../../decisions/release/trafficWeights";
import { other, slots } from "../../../decisions/stack/names";
import { emptyRelease, releaseAfter } from "../../../decisions/release/nextRelease";
import { transition } from "../../../decisions/release/transition";
import type { TransitionFacts, Step } from "../../../decisions/release/transitionFacts";
import { digestOf, facts, migrationOf, sample, served } from "../samples";

/** What a walk knows besides the release: as the parameters of a stack would hold it. */
interface World {
  release: Release;
  refused: Set<string>;
  good: Set<string>;
}

const factsOf = ({ release, refused, good }: World): TransitionFacts => {
  const canary = digestIn(release, idleSlot(release)) ?? "";
  return facts({
    refused,
    knownGood: good,
    verdict: { digest: canary, verdict: "promote", serial: release.serial },
  });
};

/** A step that is legal in this world, by the table of the design and not by the code under test; undefined: not now. */
const moves: Record<string, (world: World, n: number) => { step: Step; release: Release } | undefined> = {
  migrate: ({ release }, n) => {
    const to = migrationOf(n);
    if (release.slots[release.live]?.revision === to.revision) return undefined;
    if (release.migration?.revision === to.revision) return undefined;
    return { step: "migrate", release: releaseAfter.migrate(release, to) };
  },
  first: ({ release, refused }, n) => {
    const held = sample(n);
    if (liveDigest(release) || refused.has(digestOf(n)) || release.migration?.revision !== held.revision)
      return undefined;
    return { step: "first", release: releaseAfter.first(release, held) };
  },
  load: ({ release, refused }, n) => {
    const held = sample(n);
    const isKnown = release.migration?.revision === held.revision;
    if (!liveDigest(release) || release.canaryWeight > 0 || refused.has(digestOf(n)) || !isKnown)
      return undefined;
    if (liveDigest(release) === digestOf(n) || digestIn(release, idleSlot(release)) === digestOf(n))
      return undefined;
    return { step: "load", release: releaseAfter.load(release, held) };
  },
  canary: ({ release, refused }, n) => {
    const idle = release.slots[idleSlot(release)];
    if (!idle || release.canaryWeight > 0 || release.traffic === "paused" || refused.has(digest(idle.image)))
      return undefined;
    if (idle.revision !== release.migration?.revision) return undefined;
    return { step: "canary", release: releaseAfter.canary(release, n) };
  },
  promote: ({ release, refused }) => {
    const idle = digestIn(release, idleSlot(release));
    if (release.canaryWeight === 0 || release.traffic === "paused" || !idle || refused.has(idle))
      return undefined;
    if (release.slots[idleSlot(release)]?.revision !== release.migration?.revision) return undefined;
    return { step: "promote", release: releaseAfter.promote(release) };
  },
  validate: ({ release }) => {
    const live = release.slots[release.live];
    if (!live || release.canaryWeight > 0 || release.validated === digest(live.image)) return undefined;
    if (live.revision !== release.migration?.revision) return undefined;
    return { step: "validate", release: releaseAfter.validate(release) };
  },
  pause: ({ release }) =>
    release.traffic === "open" ? { step: "pause", release: releaseAfter.pause(release) } : undefined,
  open: ({ release, good }) => {
    const live = liveDigest(release);
    if (release.traffic === "open" || !live || release.validated !== live || !good.has(live))
      return undefined;
    return { step: "open", release: releaseAfter.open(release) };
  },
  "empty-idle": ({ release }) =>
    release.slots[idleSlot(release)] && release.canaryWeight === 0
      ? { step: "empty-idle", release: releaseAfter.emptyIdle(release) }
      : undefined,
  abort: ({ release }) =>
    release.canaryWeight > 0
      ? { step: "rollback", release: releaseAfter.rollback(release, release.live) }
      : undefined,
  rollback: ({ release, good }, n) => {
    const target = digestIn(release, idleSlot(release));
    if (!target || !good.has(target) || release.validated === undefined) return undefined;
    return { step: "rollback", release: releaseAfter.rollback(release, idleSlot(release), { pause: n > 2 }) };
  },
  downgrade: ({ release }, n) => {
    if (release.traffic === "open" || !release.migration || release.migration.revision === `r${n}`)
      return undefined;
    return { step: "downgrade", release: releaseAfter.downgrade(release, { revision: `r${n}` }) };
  },
};

/** What holds in every reachable state, and between one and the next. */
function invariants(before: Release, { release, refused }: World): void {
  expect(releaseSchema.safeParse(release).error).toBeUndefined();
  const share = forwardWeights(release);
  expect(share.blue + share.green).toBe(100);
  for (const exposed of exposedDigests(release)) expect(refused.has(exposed)).toBe(false);
  const had = trafficWeights(before);
  const touched = slots.filter((slot) => digestIn(before, slot) !== digestIn(release, slot));
  for (const slot of touched) {
    expect(had[slot]).toBe(0);
    expect(trafficWeights(release)[slot]).toBe(0);
  }
  if (liveDigest(before)) expect(liveDigest(release)).toBeDefined();
  if (
    JSON.stringify(before.migration) !== JSON.stringify(release.migration) &&
    before.migration?.downgradeFrom === undefined
  )
    expect(touched).toEqual([]);
  if (release.migration?.downgradeFrom !== undefined) expect(release.traffic).toBe("paused");
  if (release.validated !== undefined && release.validated !== before.validated)
    expect(release.validated).toBe(liveDigest(release));
}

/** Which of the moves that are legal then, and with which release or weight. */
interface Choice {
  pick: number;
  n: number;
}

const arbitraryMoves = fc.array(fc.record({ pick: fc.nat(1000), n: fc.integer({ min: 1, max: 4 }) }), {
  minLength: 10,
  maxLength: 60,
});

/** Refuses a digest that has no traffic, now and then. */
function refuse(world: World, n: number): void {
  const doomed = digestOf(n);
  if (exposedDigests({ ...world.release, traffic: "open" }).includes(doomed)) return;
  world.refused.add(doomed);
  world.good.delete(doomed);
}

/** Walks over legal moves only and calls `visit` with the world before each and the step out of it. */
function walk(path: Choice[], visit: (before: World, step: Step, to: Release) => void): void {
  const world: World = { release: emptyRelease(), refused: new Set(), good: new Set() };
  for (const { pick, n } of path) {
    if (pick % 20 === 0) refuse(world, n);
    const takenDown = world.release.migration?.downgradeFrom;
    const needsTakenDown = (to: Release) =>
      takenDown !== undefined &&
      slots.some((slot) => trafficWeights(to)[slot] > 0 && to.slots[slot]?.revision === takenDown);
    const possible = Object.values(moves)
      .map((move) => move(world, n))
      .filter((move) => move !== undefined && !needsTakenDown(move.release));
    const move = possible[pick % possible.length];
    if (!move) continue;
    visit({ ...world }, move.step, move.release);
    world.release = move.release;
    const live = liveDigest(world.release);
    if (live && world.release.validated === live) world.good.add(live);
  }
}

describe("random walks", () => {
  it("every step that the builders make where the table allows it is accepted as that step, and keeps the invariants", () => {
    const seen = new Set<Step>();
    fc.assert(
      fc.property(arbitraryMoves, (path) => {
        let before = emptyRelease();
        walk(path, (world, step, to) => {
          expect(transition(world.release, to, factsOf(world))).toEqual({ ok: true, step });
          seen.add(step);
          invariants(before, world);
          before = world.release;
        });
      }),
      { numRuns: 1000, seed: 1 },
    );
    expect([...seen].sort()).toEqual(
      [
        "canary",
        "downgrade",
        "first",
        "load",
        "migrate",
        "open",
        "pause",
        "promote",
        "rollback",
        "empty-idle",
        "validate",
      ].sort(),
    );
  }, 15_000);

  it("whatever edit is accepted keeps the invariants", () => {
    const edit = fc.record({
      fields: fc.uniqueArray(
        fc.constantFrom("live", "weight", "traffic", "validated", "up", "down", "blue", "green"),
        { minLength: 1, maxLength: 3 },
      ),
      slot: fc.constantFrom(...slots),
      weight: fc.constantFrom(0, 0, 1, 10),
      traffic: fc.constantFrom("open" as const, "paused" as const),
      n: fc.integer({ min: 0, max: 3 }),
    });
    const edits = fc.array(edit, { minLength: 20, maxLength: 60 });
    let accepted = 0;
    fc.assert(
      fc.property(edits, (list) => {
        const world: World = {
          release: served(),
          refused: new Set([digestOf(3)]),
          good: new Set([digestOf(1)]),
        };
        for (const change of list) {
          const { release } = world;
          const { fields, n } = change;
          const has = (field: (typeof fields)[number]) => fields.includes(field);
          const at = { ...migrationOf(1), ...release.migration, downgradeFrom: undefined };
          const held = n === 0 ? undefined : sample(n, at.revision);
          const to: Release = {
            serial: release.serial + 1,
            live: has("live") ? change.slot : release.live,
            canaryWeight: has("weight") ? change.weight : release.canaryWeight,
            traffic: has("traffic") ? change.traffic : release.traffic,
            validated: !has("validated") ? release.validated : n === 0 ? undefined : digestOf(n),
            migration: has("up")
              ? migrationOf(Math.max(n, 1))
              : has("down")
                ? { ...at, revision: `r${n}`, downgradeFrom: at.revision }
                : at,
            slots: {
              blue: has("blue") ? held : release.slots.blue,
              green: has("green") ? held : release.slots.green,
            },
          };
          if (!releaseSchema.safeParse(to).success || !transition(release, to, factsOf(world)).ok) continue;
          accepted += 1;
          world.release = to;
          invariants(release, world);
          const live = liveDigest(to);
          if (live && to.validated === live) world.good.add(live);
        }
      }),
      { numRuns: 1000, seed: 2 },
    );
    expect(accepted).toBeGreaterThan(1000);
  }, 15_000);

  it("a legal step with one more field changed from another row of the table is refused", () => {
    /** Fields that no step changes together with the others of another group. */
    const groups = [
      ["migration"],
      ["slots.blue", "slots.green"],
      ["live", "canaryWeight", "traffic", "validated"],
    ];
    const alter: Record<string, (release: Release) => Release> = {
      migration: (release) => ({ ...release, migration: { revision: "zz", image: sample(12).image } }),
      "slots.blue": (release) => ({ ...release, slots: { ...release.slots, blue: sample(12) } }),
      "slots.green": (release) => ({ ...release, slots: { ...release.slots, green: sample(12) } }),
      live: (release) => ({ ...release, live: other(release.live) }),
      canaryWeight: (release) => ({ ...release, canaryWeight: release.canaryWeight === 0 ? 7 : 0 }),
      traffic: (release) => ({ ...release, traffic: release.traffic === "open" ? "paused" : "open" }),
      validated: (release) => ({ ...release, validated: digestOf(12) }),
    };
    const groupOf: Record<Step, number> = {
      migrate: 0,
      downgrade: 0,
      first: 1,
      load: 1,
      "empty-idle": 1,
      canary: 2,
      promote: 2,
      validate: 2,
      pause: 2,
      open: 2,
      rollback: 2,
    };
    let tried = 0;
    fc.assert(
      fc.property(arbitraryMoves, fc.constantFrom(...Object.keys(alter)), (path, field) => {
        walk(path, (world, step, to) => {
          if (groups[groupOf[step]]?.includes(field)) return;
          const isFirstWithLive = step === "first" && field === "live";
          if (isFirstWithLive) return;
          const altered = alter[field]?.(to);
          if (!altered || !releaseSchema.safeParse(altered).success) return;
          tried += 1;
          expect(transition(world.release, altered, factsOf(world)).ok).toBe(false);
        });
      }),
      { numRuns: 1000, seed: 3 },
    );
    expect(tried).toBeGreaterThan(3000);
  }, 15_000);
});
