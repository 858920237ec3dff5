import type { TargetCounts, Unknown } from "../../decisions/gate/observation";
import type { GateSettings } from "../../decisions/gate/monitorState";
import { observeSample, startMonitor, verdictOf, type MonitorResult } from "../../decisions/gate/monitor";
import type { ServiceWindows } from "../../decisions/gate/errorBudget";
import { overridable } from "../../decisions/release/transitionFacts";
import { other, parameters as paths, type Slot } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { isOverridden } from "./override";
import type { Route } from "../ports/loadBalancer";
import { writeSaved, type SavedMonitor } from "./savedMonitor";
import { wait } from "../shell/wait";

/** Pause between two looks at a canary, milliseconds. */
const lookPause = 1_000;
/** Looks between two times that what is known is written down. */
const looksPerSave = 5;
/** Looks between two readings of the service's error budget; the gate takes them as valid for five minutes. */
const looksPerBudget = 60;
/** Looks between two progress lines while somebody waits. */
const looksPerLine = 5;
/** Longest wait for one answer of the load balancer's API in a look, milliseconds. */
const readPatience = 1_500;
/** Seconds before the canary from which is learnt what is usual for the live slot. */
const usualSeconds = 300;

/** The release that is watched. */
export interface Subject {
  /** Slot that it is in, as canary and after the promotion. */
  slot: Slot;
  digest: string;
}

/** Watches a release from before it gets traffic to the end of its bake, whatever else the command does meanwhile. */
export interface CanaryMonitor {
  readonly subject: Subject;
  /** The newest word. */
  readonly result: MonitorResult;
  /** Resolves when the release is condemned, also in the middle of an update; never rejects. */
  readonly rejected: Promise<MonitorResult>;
  /** The next word for which `isEnough` holds; shows progress under `title` meanwhile. */
  until(title: string, isEnough: (result: MonitorResult) => boolean): Promise<MonitorResult>;
  /** From now on all traffic on the slot is the bake and not a strange hand. */
  allowPromotion(): void;
  /** Ends the looking; with `isOver` what was written down for a later run goes too. Never throws. */
  stop(isOver: boolean): Promise<void>;
}

/** Begins to watch, where `saved` says going on from what a killed run knew. */
export async function startCanaryMonitor(
  ctx: Context,
  subject: Subject,
  settings: GateSettings,
  saved?: SavedMonitor,
): Promise<CanaryMonitor> {
  let watch = saved?.watch ?? startMonitor(settings);
  let cursor = saved?.cursor;
  let result = verdictOf(watch, settings);
  let mayPromote = saved?.watch.bakeFrom !== undefined;
  let service: ServiceWindows | Unknown | undefined;
  let unclear: string[] = [];
  let stopped = false;
  let looks = 0;
  let waiting: (() => void)[] = [];
  let condemn: (result: MonitorResult) => void = () => undefined;
  const condemned = new Promise<MonitorResult>((resolve) => (condemn = resolve));
  const end = new AbortController();

  const once = async () => {
    if (looks % looksPerBudget === 0) service = await ctx.metrics.service(subject.slot, end.signal);
    const [measured, seen] = await Promise.all([
      ctx.metrics.since(cursor, subject.slot, end.signal),
      readTargets(ctx, subject.slot),
    ]);
    cursor = measured.cursor;
    unclear = measured.reasons;
    ({ state: watch, result } = observeSample(
      watch,
      {
        at: Date.now(),
        ...seen,
        measured: measured.intervals,
        ...(service ? { service } : {}),
        mayPromote,
      },
      settings,
    ));
    if (result.verdict === "rollback") condemn(result);
    if (looks % looksPerSave === 0) await save();
    looks++;
  };
  const save = async () => {
    const value: SavedMonitor = { ...subject, at: new Date().toISOString(), watch, cursor };
    await ctx.parameters.put(paths.gate(ctx.stack), writeSaved(value));
  };

  if (!saved) {
    // What was usual before; then the starting point, so that not one request of the canary is missed.
    const usual = await ctx.metrics.before(usualSeconds, subject.slot, ctx.signal);
    const targets = { canary: "unknown", live: "unknown" } as const;
    const first = { at: Date.now(), weight: 0, measured: [usual], targets, mayPromote };
    ({ state: watch, result } = observeSample(watch, first, settings));
  }
  await once();

  const loop = (async () => {
    while (!stopped) {
      const started = Date.now();
      await once().catch((error: unknown) => {
        if (!stopped) ctx.output.warn(`a look at the canary failed: ${messageOf(error)}`);
      });
      for (const wake of waiting.splice(0)) wake();
      await wait(Math.max(100, lookPause - (Date.now() - started)), end.signal).catch(() => undefined);
    }
    waiting = [];
  })();

  return {
    subject,
    get result() {
      return result;
    },
    rejected: condemned,
    async until(title, isEnough) {
      for (let round = 0; !isEnough(result); round++) {
        if (round % looksPerLine === 0)
          ctx.output.say(`${title}: ${[...result.reasons, ...unclear].join(", ")}`);
        await new Promise<void>((resolve, reject) => {
          const stop = () => reject(ctx.signal.reason as Error);
          ctx.signal.addEventListener("abort", stop, { once: true });
          waiting.push(() => {
            ctx.signal.removeEventListener("abort", stop);
            resolve();
          });
          if (ctx.signal.aborted) stop();
        });
      }
      return result;
    },
    allowPromotion() {
      mayPromote = true;
    },
    async stop(isOver) {
      stopped = true;
      end.abort(new Error("the watch has ended"));
      await loop;
      const tidy = isOver ? ctx.parameters.remove(paths.gate(ctx.stack)) : save();
      await tidy.catch((error: unknown) =>
        ctx.output.warn(`the gate's parameter could not be written: ${messageOf(error)}`),
      );
    },
  };
}

/** The rule's share for the slot and both slots' targets; what cannot be read is unknown. */
async function readTargets(
  ctx: Context,
  slot: Slot,
): Promise<{ weight?: number; targets: { canary: TargetCounts | Unknown; live: TargetCounts | Unknown } }> {
  const route = await inTime(ctx.loadBalancer.route(ctx.signal));
  const of = async (found: Route, one: Slot) =>
    (await inTime(ctx.loadBalancer.targets(found, one))) ?? ("unknown" as const);
  if (!route) return { targets: { canary: "unknown", live: "unknown" } };
  const [canary, live] = await Promise.all([of(route, slot), of(route, other(slot))]);
  const weight = route.routing.traffic === "open" ? route.routing.weights[slot] : 0;
  return { weight, targets: { canary, live } };
}

/** The value, or undefined where it fails or a throttled load balancer keeps it: the metrics' word must not wait for that. */
async function inTime<T>(reading: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>(
    (resolve) => (timer = setTimeout(() => resolve(undefined), readPatience)),
  );
  try {
    return await Promise.race([reading, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** What the gate goes by here: config, and the checks that a person overrode. */
export const gateSettings = (ctx: Context): GateSettings => ({
  gate: ctx.settings.gate,
  slo: ctx.settings.slo,
  ...(isOverridden(ctx, overridable.budget) ? { overridden: [overridable.budget] } : {}),
});
