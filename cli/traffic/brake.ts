import type { Release } from "../../decisions/stack/config";
import type { BrakeOrder } from "../../decisions/traffic/brakeOrder";
import { allTo, describeRouting, routingFor, type Routing } from "../../decisions/traffic/routing";
import type { Context } from "../shell/context";
import { Failure, exitCodes, messageOf } from "../shell/failure";
import type { Route } from "../ports/loadBalancer";
import { safetyWrites, writeSafety, type SafetyWrite } from "./safetyWrites";

/** Pause between two polls of the rule, milliseconds. */
const assertPause = 1_000;
/** Probes of the good slot through its test rule before it gets all traffic. */
const goodProbes = 5;

/**
 * The brake of one command. Engaged, it takes traffic, flags and workers to safety by direct calls, without the state lock,
 * and keeps the rule so until it is handed back. The command makes one and hands it back at its end, whatever happens.
 */
export class BrakeHandle {
  private engaged: Engaged | undefined;

  constructor(private readonly ctx: Context) {}

  get isOn(): boolean {
    return this.engaged !== undefined;
  }

  /** What the rule was made to say; undefined while the brake is off. */
  get routing(): Routing | undefined {
    return this.engaged?.wanted;
  }

  /**
   * Puts the brake on; one that is on is replaced. Refused digests and kill switch are written first, so that a crash
   * after the move leaves nothing that would bring the bad release back. Then the rule: to the good slot if it answers
   * with the right release and has targets enough, else to a pause.
   * @throws rollback failed (6) where the listener rules do not exist; the brake is off then.
   */
  async engage(order: BrakeOrder): Promise<void> {
    const { ctx } = this;
    await this.handBack();
    const where = order.pause ? "the pause" : `slot ${order.good}`;
    this.engaged = await ctx.output.step("brake", `brake: all traffic to ${where}`, async (entry) => {
      const [unwritten, route] = await Promise.all([
        writeSafety(ctx, safetyWrites(ctx, order)),
        ctx.loadBalancer.route(ctx.signal),
      ]);
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
      return new Engaged(ctx, route, order, routing, unwritten);
    });
  }

  /** Orders a pause from now on: an update that pauses must not be fought. */
  pause(): void {
    this.engaged?.pause();
  }

  /** Stops re-asserting; the rule stays as it is. Does nothing where the brake is off. */
  async handBack(): Promise<void> {
    const { engaged } = this;
    await engaged?.stop();
    if (this.engaged === engaged) this.engaged = undefined;
  }

  /** Hands back once an update has made the rule its own, and sees to it that the rule says what the update said. */
  async handBackToPulumi(applied: Release): Promise<void> {
    if (!this.isOn) return;
    await this.handBack();
    const { loadBalancer, signal } = this.ctx;
    const route = await loadBalancer.route(signal);
    if (route) await loadBalancer.set(route, routingFor(applied), signal);
  }
}

/**
 * The brake while it is on: polls the rule every second and puts it back, because an `up` in flight may still bring the bad
 * weight. A pause that was only for want of healthy targets ends as soon as the good slot has them.
 */
class Engaged {
  private isTemporary: boolean;
  private readonly end = new AbortController();
  private readonly loop: Promise<void>;

  constructor(
    private readonly ctx: Context,
    private readonly route: Route,
    private readonly order: BrakeOrder,
    public wanted: Routing,
    private unwritten: SafetyWrite[],
  ) {
    this.isTemporary = !order.pause && wanted.traffic === "paused";
    this.loop = this.keepAsserting();
  }

  pause(): void {
    this.isTemporary = false;
    this.wanted = { traffic: "paused" };
  }

  async stop(): Promise<void> {
    if (this.end.signal.aborted) return this.loop;
    this.end.abort();
    await this.loop;
    await this.writeLeftOver();
  }

  private async keepAsserting(): Promise<void> {
    const { clock, output } = this.ctx;
    for (;;) {
      await clock.wait(assertPause, this.end.signal).catch(() => undefined);
      if (this.end.signal.aborted) return;
      await this.assert().catch((error: unknown) =>
        output.warn(`the rule could not be asserted: ${messageOf(error)}`),
      );
    }
  }

  private async assert(): Promise<void> {
    const { ctx, route, order } = this;
    await this.writeLeftOver();
    if (this.isTemporary) {
      const unfit = await unfitness(ctx, route, order);
      // Somebody may have ordered a pause while the slot was asked.
      if (unfit === undefined && this.isTemporary) {
        this.isTemporary = false;
        this.wanted = allTo(order.good);
      }
    }
    const { wanted } = this;
    if (await ctx.loadBalancer.set(route, wanted))
      ctx.output.warn(`the rule was put to ${describeRouting(wanted)}`);
  }

  private async writeLeftOver(): Promise<void> {
    if (this.unwritten.length > 0) this.unwritten = await writeSafety(this.ctx, this.unwritten);
  }
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
