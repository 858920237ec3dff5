/**
 * What the gate tolerates and how it counts. Tuned by `make bench` on one set of seeds and reported on another; the
 * stack's config holds what a team decides (`gate`, `slo`), here is what follows from how errors behave.
 */

/** What one kind of failure may be, and how its failures are counted. */
export interface Signal {
  /** Part of `gate.falseRollback` that this signal may use up; all parts together are 1. */
  falseShare: number;
  /** The canary may be this many times worse than the live slot. */
  tolerated: number;
  /** How many times worse the canaries are that the test looks for, each with the same weight. */
  alternatives: readonly number[];
  /** Share of failures that a canary may have whatever the live slot does. */
  floor: number;
  /** How many times above the floor the canaries are that the floor's test looks for. */
  overFloor: readonly number[];
  /** Failures that may have one cause and then count once. */
  cluster: number;
}

/** The floor for errors is this many times the share that the objective allows: within the objective is never punished. */
const floorPerObjective = 1.5;

/** Failed requests. One bad query or one lost connection fails several: up to 5 are taken for one. */
export const errorSignal = (objective: number): Signal => ({
  falseShare: 0.5,
  tolerated: 1.5,
  alternatives: [8, 36],
  floor: (floorPerObjective * (100 - objective)) / 100,
  overFloor: [6, 20],
  cluster: 5,
});

/** Slow requests. They are commoner than errors, and hardly ever one request's fault: each counts. */
export const slowSignal: Signal = {
  falseShare: 0.3,
  tolerated: 1.5,
  alternatives: [5, 16],
  floor: 0.01,
  overFloor: [4, 12],
  cluster: 1,
};

/** Failed jobs. */
export const jobSignal: Signal = {
  falseShare: 0.05,
  tolerated: 1.5,
  alternatives: [4, 16, 64],
  floor: 0.01,
  overFloor: [4, 16, 64],
  cluster: 3,
};

/** Errors that the load balancer made itself, beyond those before the canary; the floor is a share of the canary's traffic. */
export const loadBalancerSignal: Signal = { ...jobSignal, floor: 0.01, cluster: 5 };

/** Part of `gate.falseRollback` that the hard stop may use up. */
export const hardStopFalseShare = 0.1;

/** Seconds after the canary's first request that only the hard stop looks at: caches are cold, pools are empty. */
export const warmUpSeconds = 2;

/** Part of the canaries that meet a burst of failures which hits both slots: three in a hundred. */
export const commonCauses = 0.03;

/** Part of the evidence for a rollback from which on a canary is suspicious: not rolled back, but not promoted either. */
export const suspicion = 0.3;

/** Seconds for which a canary may have fewer than half of its targets healthy while the live slot has all. */
export const halfDeadSeconds = 30;

/** Seconds without a canary request, though the live slot has some, after which nothing is promoted. */
export const silentSeconds = 60;

/** Seconds for which the service's budget figures stay valid. */
export const budgetSeconds = 300;
