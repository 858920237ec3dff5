import type { Release } from "../../decisions/stack/config";
import { other, parameters as paths, type Slot } from "../../decisions/stack/names";
import { digestIn, hex } from "../../decisions/release/digest";
import { trafficWeights } from "../../decisions/release/trafficWeights";
import type { Context } from "../shell/context";
import { Failure, exitCodes, messageOf } from "../shell/failure";
import { describeRouting, type Route, type Routing } from "../ports/loadBalancer";
import { killSwitchOn } from "./killSwitch";

/** What the brake is to do. */
export interface BrakeOrder {
  /** Slot that is to have all traffic. */
  good: Slot;
  /** Digest that this slot must answer with before it gets traffic. */
  goodDigest: string;
  /** Digests that are refused from now on. */
  badDigests: string[];
  /** Slots whose workers stop. */
  stopWorkers: Slot[];
  reason: string;
  /** Take all traffic away instead: the database has to go back first. */
  pause?: boolean;
}

/** All traffic and the workers away from the slot that is not `good`; `refuse`: what that slot holds is refused too. */
export function brakeOrder(
  current: Release,
  good: Slot,
  goodDigest: string,
  reason: string,
  refuse: boolean,
): BrakeOrder {
  const bad = digestIn(current, other(good));
  const badDigests = refuse && bad !== undefined && bad !== goodDigest ? [bad] : [];
  return { good, goodDigest, badDigests, stopWorkers: [other(good)], reason };
}

/** The brake while it is on: keeps the rule as ordered until it is released. */
export interface BrakeHandle {
  /** What the rule was made to say. */
  readonly routing: Routing;
  /** Orders a pause from now on, for an update that pauses must not be fought. */
  pause(): void;
  /** Stops re-asserting; the rule stays as it is. */
  handBack(): Promise<void>;
}

/** Pause between two looks at the rule, milliseconds. */
const assertPause = 1_000;
/** Longest wait for the parameters before the rule moves without them, milliseconds. */
const safetyPatience = 2_000;
/** Probes of the good slot through its test rule before it gets all traffic. */
const goodProbes = 5;

/**
 * Takes traffic, flags and workers to safety by direct calls, without the state lock. Refused digests and kill switch
 * are written first, so that a crash after the move leaves nothing that would bring the bad release back. Then the
 * rule: to the good slot if it answers with the right release and has targets enough, else to a pause. From then on
 * the rule is re-asserted every second, because an `up` in flight may still put the bad weight back.
 */
export async function brake(ctx: Context, order: BrakeOrder): Promise<BrakeHandle> {
  return ctx.output.step(
    `brake: all traffic to ${order.pause ? "the pause" : `slot ${order.good}`}`,
    async (entry) => {
      const writes = safetyWrites(ctx, order);
      const [left, route] = await Promise.all([writeSafety(ctx, writes), ctx.loadBalancer.route(ctx.signal)]);
      if (!route)
        throw new Failure(
          exitCodes.rollbackFailed,
          `The listener rules of stack ${ctx.stack} do not exist; there is no traffic to move.`,
        );
      const unfit = order.pause ? "the database has to go back" : await unfitness(ctx, route, order);
      const routing: Routing = unfit === undefined ? allTo(order.good) : { traffic: "paused" };
      if (unfit !== undefined) ctx.output.warn(`traffic is paused: ${unfit}`);
      await ctx.loadBalancer.set(route, routing, ctx.signal);
      entry.routing = describeRouting(routing);
      return keep(ctx, route, routing, order, left);
    },
  );
}

/** All traffic to one slot. */
export const allTo = (slot: Slot): Routing => ({
  traffic: "open",
  weights: slot === "blue" ? { blue: 100, green: 0 } : { blue: 0, green: 100 },
});

/** What the listener rule has to say for `release`. */
export function routingFor(release: Release): Routing {
  if (release.traffic === "paused") return { traffic: "paused" };
  return { traffic: "open", weights: trafficWeights(release) };
}

/** A write that makes sure that nothing brings the bad release back. */
interface SafetyWrite {
  path: string;
  value: string;
}

function safetyWrites({ stack, options }: Context, order: BrakeOrder): SafetyWrite[] {
  const at = new Date().toISOString();
  const { reason, badDigests, stopWorkers } = order;
  const { actor, incident } = options;
  const refusals = badDigests.map((bad) => ({
    path: paths.refused(stack, hex(bad)),
    value: JSON.stringify({ digest: bad, reason, actor, ...(incident && { incident }), at }),
  }));
  return [...refusals, { path: paths.killSwitch(stack), value: killSwitchOn(stopWorkers, reason) }];
}

/**
 * Writes what is left and returns what could not be written. A store that does not answer must not keep traffic on a bad
 * release for longer than `safetyPatience`; what is left is tried again with each look at the rule.
 */
async function writeSafety(
  { parameters, output }: Context,
  writes: readonly SafetyWrite[],
): Promise<SafetyWrite[]> {
  const patience = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error("no answer in time")), safetyPatience).unref(),
  );
  const results = await Promise.allSettled(
    writes.map(({ path, value }) => Promise.race([parameters.put(path, value), patience])),
  );
  patience.catch(() => undefined);
  return writes.filter((write, index) => {
    const result = results[index];
    if (result?.status !== "rejected") return false;
    output.warn(`${write.path} could not be written, which is tried again: ${messageOf(result.reason)}`);
    return true;
  });
}

/** Why the good slot must not get all traffic now; undefined when it may. */
async function unfitness(ctx: Context, route: Route, order: BrakeOrder): Promise<string | undefined> {
  const enough = Math.ceil(ctx.settings.sizing.web.replicas / 2);
  const [{ healthy }, ...answers] = await Promise.all([
    ctx.loadBalancer.targets(route, order.good),
    ...Array.from({ length: goodProbes }, () =>
      ctx.traffic.ask({ path: "/live", slot: order.good }).then(
        (answer) => answer.release ?? `status ${answer.status}`,
        (error: unknown) => messageOf(error),
      ),
    ),
  ]);
  // Half of the asked size carries the traffic for the minute that the rest takes; fewer would only move the failure.
  if (healthy < enough) return `slot ${order.good} has ${healthy} healthy targets, fewer than ${enough}`;
  const strange = answers.find((answer) => answer !== order.goodDigest);
  return strange === undefined
    ? undefined
    : `slot ${order.good} answered ${strange}, expected ${order.goodDigest}`;
}

/**
 * Looks at the rule every second and puts it back. A pause that was only for want of healthy targets ends as soon as
 * the good slot has them.
 */
function keep(
  ctx: Context,
  route: Route,
  first: Routing,
  order: BrakeOrder,
  unwritten: SafetyWrite[],
): BrakeHandle {
  let left = unwritten;
  let wanted = first;
  let isTemporary = !order.pause && first.traffic === "paused";
  let stopped = false;
  let wake: () => void = () => undefined;
  const look = async () => {
    if (left.length > 0) left = await writeSafety(ctx, left);
    if (isTemporary && (await unfitness(ctx, route, order)) === undefined && isTemporary) {
      isTemporary = false;
      wanted = allTo(order.good);
    }
    const now = wanted;
    if (await ctx.loadBalancer.set(route, now))
      ctx.output.warn(`the rule was put to ${describeRouting(now)}`);
  };
  const loop = (async () => {
    while (!stopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, assertPause);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (stopped) return;
      await look().catch((error: unknown) =>
        ctx.output.warn(`the rule could not be asserted: ${messageOf(error)}`),
      );
    }
  })();
  return {
    get routing() {
      return wanted;
    },
    pause() {
      isTemporary = false;
      wanted = { traffic: "paused" };
    },
    async handBack() {
      if (stopped) return loop;
      stopped = true;
      wake();
      await loop;
      if (left.length > 0) left = await writeSafety(ctx, left);
    },
  };
}
