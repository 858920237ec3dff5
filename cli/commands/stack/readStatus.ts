import { drillAge } from "../../../decisions/deploy/checks/recovery";
import { verdictOf } from "../../../decisions/gate/monitor";
import { flagConditions } from "../../../decisions/flags/flagConditions";
import { flagsAsPublished } from "../../../decisions/flags/flags";
import { knownGood } from "../../../decisions/stack/history";
import { leaseState } from "../../../decisions/stack/lease";
import { slots } from "../../../decisions/stack/names";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import { here } from "../../../repository/stack/process";
import { undelivered } from "../../audit/outbox";
import { since } from "../../deploy/checklist";
import { gateSettings } from "../../deploy/gateSettings";
import { readSaved } from "../../deploy/savedMonitor";
import { readRecentTraffic } from "../../report/recentTraffic";
import { readPublished, type Context } from "../../shell/context";
import { messageOf } from "../../shell/failure";
import { describeSlot } from "../../shell/statusLine";
import { valueOrError } from "../../shell/valueOrError";

/** Everything that make status tells of a stack. What could not be read is the error that says why. */
export type Status = Awaited<ReturnType<typeof readStatus>>;

/** Milliseconds that the queue of undelivered things may take. */
const patience = 2_000;

/** Reads the stack, all parts at once. Throws only where the parameters cannot be read. */
export async function readStatus(ctx: Context) {
  const { settings, stack, signal } = ctx;
  const now = ctx.clock.now();
  const isRecorded = settings.reporting ?? settings.comms;
  const [published, route, history, saved, firing, recent, waiting] = await Promise.all([
    readPublished(ctx),
    valueOrError(() => ctx.loadBalancer.route(signal)),
    valueOrError(() => ctx.engine.history()),
    readSaved(ctx),
    valueOrError(async () =>
      (await ctx.alarms.states()).filter(({ state }) => state === "ALARM").map(({ name }) => name),
    ),
    readRecentTraffic(ctx, settings.release.live),
    isRecorded &&
      valueOrError(() => undelivered(ctx, AbortSignal.any([signal, AbortSignal.timeout(patience)]))),
  ]);
  const { release } = published;
  const file = settings.release;
  const entries = Array.isArray(history) ? history : [];
  const conditions = flagConditions(release ?? file, readRevisionFiles(ctx.root).graph);
  const verdict = saved && verdictOf(saved.watch, gateSettings(ctx));
  const slotLines = await Promise.all(slots.map((slot) => describeSlot(ctx, slot, route, release ?? file)));
  return {
    stack,
    settings,
    published,
    release,
    file,
    fileAgrees: release === undefined || JSON.stringify(release) === JSON.stringify(file),
    route,
    history,
    targets: knownGood(entries, new Set(published.refused.keys())).targets,
    slotLines,
    flags: flagsAsPublished(settings.flags, settings.heldFlags, conditions),
    lease: published.lease && {
      ...published.lease,
      state: leaseState(published.lease, now, here),
    },
    drill: drillAge({ stack, now, drills: published.drills, ...since(entries) }),
    gate: verdict && { at: saved.at, ...verdict },
    firing,
    recent,
    waiting,
  };
}

/** The fields of the JSON. */
export function statusFields(status: Status): Record<string, unknown> {
  const { published, route, recent, gate, waiting, targets } = status;
  return {
    release: status.release,
    fileAgrees: status.fileAgrees,
    traffic: route instanceof Error ? undefined : route?.routing,
    slots: Object.fromEntries(status.slotLines.map(({ line: _, ...seen }) => [seen.slot, seen])),
    lease: status.lease,
    ...(gate && {
      gate: { at: gate.at, phase: gate.phase, verdict: gate.verdict, reasons: gate.reasons },
    }),
    refused: Object.fromEntries(published.refused),
    drill: { ...status.drill, ...published.drills },
    killSwitch: published.killSwitch,
    flags: Object.fromEntries([...status.flags].map(([name, flag]) => [name, flag.metadata.off ?? "on"])),
    figures: orWhy(recent.slots),
    budget: orWhy(recent.budget),
    incidents: orWhy(
      recent.incidents instanceof Error
        ? recent.incidents
        : recent.incidents.map(({ id, title, state, detectedAt }) => ({ id, title, state, detectedAt })),
    ),
    alarms: orWhy(status.firing),
    ...(waiting && { undelivered: orWhy(waiting) }),
    knownGood: targets.map(({ name, startTime, version, digest }) => ({ name, startTime, version, digest })),
  };
}

/** The value, or why it is not known. */
const orWhy = <T>(value: T | Error): T | string => (value instanceof Error ? messageOf(value) : value);
