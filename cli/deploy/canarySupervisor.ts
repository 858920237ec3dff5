import { digestIn } from "../../decisions/release/digest";
import type { DeployStep } from "../../decisions/deploy/deployPlan";
import { other } from "../../decisions/stack/names";
import { brake, type BrakeHandle, brakeOrder } from "../traffic/brake";
import { messageOf } from "../shell/failure";
import { CanaryRejected } from "./gate";
import type { Operation } from "../stack/operation";
import type { SavedMonitor } from "./savedMonitor";
import { gateSettings, startCanaryMonitor, type CanaryMonitor, type Subject } from "./canaryMonitor";

/**
 * Stands beside the steps of a deploy: the release is watched from before its canary to the end of its bake, and the brake
 * goes on the moment it is condemned, in the middle of an update too.
 */
export class CanarySupervisor {
  /** The watch, from the first step on that gives traffic. */
  watch: CanaryMonitor | undefined;
  /** The brake, once it is on; who goes back from here takes it over. */
  readonly brakes: { brake?: BrakeHandle } = {};

  constructor(
    private readonly operation: Operation,
    private readonly digest: string,
    private readonly saved: SavedMonitor | undefined,
  ) {}

  /** Begins to watch before the canary gets traffic, or where a killed deploy left it. */
  async watchBefore({ step, release }: DeployStep): Promise<void> {
    if (step === "canary") await this.begin(other(release.live));
    if (step === "promote") await this.begin(release.live);
    if (step === "validate") await this.watchBake();
  }

  /** Goes on where a killed deploy was promoted already. A first release has nothing to flip back to and no bake. */
  async watchBake(): Promise<void> {
    const { current } = this.operation;
    if (digestIn(current, other(current.live)) === undefined) return;
    await this.begin(current.live);
    this.watch?.allowPromotion();
  }

  /** Runs a part of the deploy; a condemned release stops it, with the brake on before anything else. */
  async during(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { ctx } = this.operation;
    const { watch } = this;
    if (!watch) return work(ctx.signal);
    const stop = new AbortController();
    const doing = work(AbortSignal.any([ctx.signal, stop.signal]));
    const condemned = await Promise.race([doing.then(() => undefined), watch.rejected]);
    if (!condemned) return;
    const rejected = new CanaryRejected(true, condemned);
    await this.pull(watch.subject, rejected.message);
    stop.abort(rejected);
    // An update under way cannot be called back; the brake keeps the rule meanwhile.
    await doing.catch((error: unknown) => {
      if (!(error instanceof CanaryRejected))
        ctx.output.warn(`what was under way ended: ${messageOf(error)}`);
    });
    ctx.signal.throwIfAborted();
    throw rejected;
  }

  /** Ends brake and watch; with `isOver` no later run goes on from here. */
  async end(isOver: boolean): Promise<void> {
    await this.brakes.brake?.handBack();
    await this.watch?.stop(isOver);
  }

  private async begin(slot: Subject["slot"]): Promise<void> {
    const { ctx } = this.operation;
    const { digest, saved } = this;
    this.watch ??= await startCanaryMonitor(ctx, { slot, digest }, gateSettings(ctx), saved);
  }

  private async pull({ slot }: Subject, reason: string): Promise<void> {
    const { ctx, current } = this.operation;
    const good = other(slot);
    const goodDigest = digestIn(current, good);
    if (goodDigest === undefined) return;
    try {
      this.brakes.brake = await brake(ctx, brakeOrder(current, good, goodDigest, reason, true));
    } catch (error) {
      ctx.output.warn(`the brake could not be put on, which is tried again: ${messageOf(error)}`);
    }
  }
}
