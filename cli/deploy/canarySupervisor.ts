import { digestIn } from "../../decisions/release/digest";
import type { PlannedUpdate } from "../../decisions/release/plannedUpdate";
import { other, type Slot } from "../../decisions/stack/names";
import { brakeOrder } from "../../decisions/traffic/brakeOrder";
import { messageOf } from "../shell/failure";
import type { Operation } from "../stack/operation";
import type { BrakeHandle } from "../traffic/brake";
import { startCanaryMonitor, type CanaryMonitor } from "./canaryMonitor";
import { CanaryRejected } from "./canaryRejected";
import { gateSettings } from "./gateSettings";
import type { SavedMonitor } from "./savedMonitor";

/** What a {@link CanarySupervisor} works with. */
export interface SupervisorArgs {
  operation: Operation;
  /** Of the release that is watched. */
  digest: string;
  /** What a killed run knew of it. */
  saved: SavedMonitor | undefined;
  /** The command's brake, which goes on when the release is rejected. */
  brake: BrakeHandle;
}

/**
 * Stands beside the steps of a deploy: the release is watched from before its canary to the end of its bake, and the brake
 * goes on the moment it is rejected, in the middle of an update too.
 */
export class CanarySupervisor {
  /** Watches, from the first step on that gives traffic. */
  monitor: CanaryMonitor | undefined;

  constructor(private readonly args: SupervisorArgs) {}

  /** Begins to watch before the canary gets traffic, or where a killed deploy left it. */
  async watchBefore({ step, release }: PlannedUpdate): Promise<void> {
    if (step === "canary") await this.begin(other(release.live));
    if (step === "promote") await this.begin(release.live);
    if (step === "validate") await this.watchBake();
  }

  /** Goes on where a killed deploy was promoted already. A first release has nothing to flip back to and no bake. */
  async watchBake(): Promise<void> {
    const { current } = this.args.operation;
    if (digestIn(current, other(current.live)) === undefined) return;
    await this.begin(current.live);
    this.monitor?.allowPromotion();
  }

  /** Runs a part of the deploy; a rejected release stops it, with the brake on before anything else. */
  async during(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { ctx } = this.args.operation;
    const { monitor } = this;
    if (!monitor) return work(ctx.signal);
    const stop = new AbortController();
    const doing = work(AbortSignal.any([ctx.signal, stop.signal]));
    const result = await Promise.race([doing.then(() => undefined), monitor.rejected]);
    if (!result) return;
    const rejected = new CanaryRejected("bad", result);
    await this.engageBrake(other(monitor.subject.slot), rejected.message);
    stop.abort(rejected);
    // An update under way cannot be called back; the brake keeps the rule meanwhile.
    await doing.catch((error: unknown) => {
      if (!(error instanceof CanaryRejected))
        ctx.output.warn(`what was under way ended: ${messageOf(error)}`);
    });
    ctx.signal.throwIfAborted();
    throw rejected;
  }

  /** Ends the watch; a later run goes on from what is kept. */
  async end(memory: "keep" | "forget"): Promise<void> {
    await this.monitor?.stop(memory);
  }

  private async begin(slot: Slot): Promise<void> {
    const { operation, digest, saved } = this.args;
    const { ctx } = operation;
    this.monitor ??= await startCanaryMonitor(ctx, { slot, digest }, gateSettings(ctx), saved);
  }

  private async engageBrake(good: Slot, reason: string): Promise<void> {
    const { brake, operation } = this.args;
    const { ctx, current } = operation;
    const goodDigest = digestIn(current, good);
    if (goodDigest === undefined) return;
    try {
      await brake.engage(brakeOrder(current, { good, goodDigest, reason, otherDigest: "refused" }));
    } catch (error) {
      ctx.output.warn(`the brake could not be put on, which is tried again: ${messageOf(error)}`);
    }
  }
}
