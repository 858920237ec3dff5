import type { Unknown } from "../../decisions/gate/observation";
import type { GateSettings } from "../../decisions/gate/monitorState";
import {
  observeSample,
  startMonitor,
  verdictOf,
  type MonitorResult,
  type MonitorState,
  type Sample,
} from "../../decisions/gate/monitor";
import type { ServiceWindows } from "../../decisions/gate/errorBudget";
import { parameters as paths, type Slot } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { within } from "../shell/wait";
import { readTargets } from "./readTargets";
import { writeSaved, type SavedMonitor } from "./savedMonitor";

/** Pause between two samples of a canary, milliseconds. */
const samplePause = 1_000;
/** Shortest pause, where sampling itself took long, milliseconds. */
const shortestPause = 100;
/** Samples between two times that what is known is written down. */
const samplesPerSave = 5;
/** Samples between two readings of the service's error budget; the gate takes them as valid for five minutes. */
const samplesPerBudget = 60;
/** Samples between two progress lines while somebody waits. */
const samplesPerLine = 5;
/** Seconds before the canary from which is learnt what is usual for the live slot. */
const usualSeconds = 300;

/** The release that is watched. */
export interface Subject {
  /** Slot that it is in, as canary and after the promotion. */
  slot: Slot;
  digest: string;
}

/** Begins to watch; where `saved` is given, goes on from what a killed run knew. */
export async function startCanaryMonitor(
  ctx: Context,
  subject: Subject,
  settings: GateSettings,
  saved?: SavedMonitor,
): Promise<CanaryMonitor> {
  const monitor = new CanaryMonitor(ctx, subject, settings, saved);
  await monitor.begin();
  return monitor;
}

/** Watches a release from before it gets traffic to the end of its bake, whatever else the command does meanwhile. */
export class CanaryMonitor {
  /** The newest word. */
  result: MonitorResult;
  /** Resolves when the release is rejected, also in the middle of an update; never rejects. */
  readonly rejected: Promise<MonitorResult>;
  private reject: (result: MonitorResult) => void = () => undefined;
  private state: MonitorState;
  /** Where the metric source goes on. */
  private cursor: unknown;
  private mayPromote: boolean;
  private service: ServiceWindows | Unknown | undefined;
  /** Why the newest sample does not say everything. */
  private unclear: string[] = [];
  private samples = 0;
  /** Resolved by the next sample. */
  private waiting: (() => void)[] = [];
  private readonly stopped = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly ctx: Context,
    readonly subject: Subject,
    private readonly settings: GateSettings,
    private readonly saved: SavedMonitor | undefined,
  ) {
    this.state = saved?.watch ?? startMonitor(settings);
    this.cursor = saved?.cursor;
    this.mayPromote = saved?.watch.bakeFrom !== undefined;
    this.result = verdictOf(this.state, settings);
    this.rejected = new Promise((resolve) => (this.reject = resolve));
  }

  /** Takes the first sample, and goes on sampling until {@link stop}. */
  async begin(): Promise<void> {
    if (!this.saved) await this.learnUsual();
    await this.sample();
    this.loop = this.keepSampling();
  }

  /** The next word for which `isEnough` holds; shows progress under `title` meanwhile. */
  async until(title: string, isEnough: (result: MonitorResult) => boolean): Promise<MonitorResult> {
    for (let round = 0; !isEnough(this.result); round++) {
      if (round % samplesPerLine === 0)
        this.ctx.output.say(`${title}: ${[...this.result.reasons, ...this.unclear].join(", ")}`);
      const sampled = new Promise<void>((resolve) => this.waiting.push(resolve));
      await within(sampled, this.ctx.signal);
    }
    return this.result;
  }

  /** From now on all traffic on the slot is the bake and not a strange hand. */
  allowPromotion(): void {
    this.mayPromote = true;
  }

  /** Ends the sampling. What was written down for a later run is kept up to date, or forgotten. Never throws. */
  async stop(memory: "keep" | "forget"): Promise<void> {
    const { parameters, stack, output } = this.ctx;
    this.stopped.abort(new Error("the watch has ended"));
    await this.loop;
    const tidy = memory === "forget" ? parameters.remove(paths.gate(stack)) : this.save();
    await tidy.catch((error: unknown) =>
      output.warn(`the gate's parameter could not be written: ${messageOf(error)}`),
    );
  }

  /** What was usual for the live slot before; then the starting point, so that not one request of the canary is missed. */
  private async learnUsual(): Promise<void> {
    const { ctx, subject } = this;
    const usual = await ctx.metrics.before(usualSeconds, subject.slot, ctx.signal);
    this.observe({ weight: 0, measured: [usual], targets: { canary: "unknown", live: "unknown" } });
  }

  private async keepSampling(): Promise<void> {
    const { clock, output } = this.ctx;
    const { signal } = this.stopped;
    const now = () => clock.now().getTime();
    while (!signal.aborted) {
      const started = now();
      await this.sample().catch((error: unknown) => {
        if (!signal.aborted) output.warn(`a sample of the canary failed: ${messageOf(error)}`);
      });
      for (const wake of this.waiting.splice(0)) wake();
      const pause = Math.max(shortestPause, samplePause - (now() - started));
      await clock.wait(pause, signal).catch(() => undefined);
    }
  }

  private async sample(): Promise<void> {
    const { ctx, subject, stopped } = this;
    if (this.samples % samplesPerBudget === 0)
      this.service = await ctx.metrics.service(subject.slot, stopped.signal);
    const [measured, targets] = await Promise.all([
      ctx.metrics.since(this.cursor, subject.slot, stopped.signal),
      readTargets(ctx, subject.slot),
    ]);
    this.cursor = measured.cursor;
    this.unclear = measured.reasons;
    this.observe({ ...targets, measured: measured.intervals, service: this.service });
    if (this.result.verdict === "rollback") this.reject(this.result);
    if (this.samples % samplesPerSave === 0) await this.save();
    this.samples++;
  }

  private observe(seen: Omit<Sample, "at" | "mayPromote">): void {
    const { state, settings, mayPromote } = this;
    const at = this.ctx.clock.now().getTime();
    ({ state: this.state, result: this.result } = observeSample(
      state,
      { ...seen, at, mayPromote },
      settings,
    ));
  }

  private async save(): Promise<void> {
    const { ctx, subject, state, cursor } = this;
    const value: SavedMonitor = { ...subject, at: ctx.clock.now().toISOString(), watch: state, cursor };
    await ctx.parameters.put(paths.gate(ctx.stack), writeSaved(value));
  }
}
