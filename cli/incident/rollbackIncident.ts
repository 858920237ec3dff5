import type { Release } from "../../decisions/stack/config";
import { digestIn, liveDigest } from "../../decisions/release/digest";
import { exposedSince } from "../../decisions/incident/exposedSince";
import { idleSlot } from "../../decisions/release/trafficWeights";
import type { HistoryEntry } from "../../decisions/stack/history";
import { impactOf } from "../../decisions/incident/impact";
import { causes } from "../../decisions/incident/incident";
import type { Context } from "../shell/context";
import { exitCodeOf, messageOf } from "../shell/failure";
import { continuing, recordIncident, type IncidentUpdate } from "./incidentLog";
import { incidentAsked } from "./incidentLookup";
import type { Operation } from "../stack/operation";
import type { Output, StepKind } from "../shell/output";
import { deliverMessages } from "./notify";

/** What is known when a release begins to be rolled back. */
export interface RollbackCause {
  operation: Pick<Operation, "history" | "current" | "lease">;
  /** Digest of the release that leaves. */
  bad: string;
  /** Its version, where no slot holds it. */
  version?: string;
  /** Who decided it: the gate or a check, or a person. */
  decidedBy: "check" | "person";
  reason: string;
}

/**
 * A release that got traffic longer ago than this did not begin to fail with that; then somebody has to say when it did.
 */
const longestUnnoticed = 24 * 3_600_000;

/**
 * Runs what may take a release back. The incident that it opens on the way goes on once it has ended: the release before
 * serves again, or going back failed.
 */
export async function withRollbackIncident<T>(
  ctx: Context,
  work: (incident: RollbackIncident) => Promise<T>,
): Promise<T> {
  const incident = new RollbackIncident(ctx);
  let result: T;
  try {
    result = await work(incident);
  } catch (error) {
    // Whatever an interruption broke on its way out, the interruption is what happened.
    await incident.end({ isBack: false, error: ctx.signal.aborted ? ctx.signal.reason : error });
    throw error;
  }
  await incident.end({ isBack: true });
  return result;
}

/** The incident of a release that is rolled back: opened while the brake works, gone on with when the work has ended. */
export class RollbackIncident {
  private opened: Promise<IncidentUpdate | undefined> | undefined;

  constructor(private readonly ctx: Context) {}

  /** Opens the incident and notifies people, beside what is under way: nothing waits for it, and it never fails. */
  open(cause: RollbackCause): void {
    const { ctx } = this;
    if (!ctx.settings.reporting) return;
    this.opened ??= recordOpened(ctx, cause).catch((error: unknown) => {
      ctx.output.warn(`the incident could not be recorded: ${messageOf(error)}`);
      return undefined;
    });
  }

  /** Goes on with what was opened; does nothing where nothing was. Never fails. */
  async end(ending: { isBack: true } | { isBack: false; error: unknown }): Promise<void> {
    const begun = await this.opened;
    if (!begun) return;
    try {
      await (ending.isBack
        ? recordResolved(this.ctx, begun)
        : recordUnfinished(this.ctx, begun, ending.error));
    } catch (failure) {
      this.ctx.output.warn(`the incident could not be recorded: ${messageOf(failure)}`);
    }
  }
}

async function recordOpened(ctx: Context, opening: RollbackCause): Promise<IncidentUpdate> {
  const { operation, bad, decidedBy, reason } = opening;
  const { current, history, lease } = operation;
  const now = ctx.clock.now();
  const version = versionOf(current, bad) ?? opening.version;
  const noticed = verdictAt(ctx.output) ?? now;
  const named = ctx.options.incident === undefined ? undefined : await incidentAsked(ctx);
  const startedAt = began(ctx.output, history, bad, noticed);
  const byItself = decidedBy === "check";
  const who = byItself
    ? "the release is being rolled back by itself"
    : `${ctx.options.actor} rolls the release back`;
  const update: IncidentUpdate = {
    ...(named
      ? { ...continuing(named), state: "note" }
      : {
          cause: causes.release(bad),
          title: `release ${version ?? bad} is rolled back`,
          source: "rollback",
          state: "opened",
          startedAt,
          detectedAt: noticed,
        }),
    version,
    digest: bad,
    done: `${who}: ${firstLine(reason)}`,
    next: "all traffic goes to the release before, then it is verified by requests and smoke tests",
    facts: {
      trigger: reason,
      byItself,
      badVersion: version,
      badDigest: bad,
      gate: ctx.output.fields.gate,
      bake: ctx.output.fields.bake,
    },
    operation: lease.id || undefined,
  };
  const { id, cause } = await recordIncident(ctx, update);
  ctx.output.set("incident", id);
  ctx.output.say(`incident ${id} is open`);
  deliverMessages(ctx).catch((error: unknown) => ctx.output.warn(messageOf(error)));
  return { ...update, cause };
}

async function recordUnfinished(ctx: Context, begun: IncidentUpdate, error: unknown): Promise<void> {
  const why = messageOf(error);
  await recordIncident(ctx, {
    ...begun,
    state: "note",
    done: `going back is not finished: ${firstLine(why)}`,
    next: "the same command is run again; it goes on from where it stopped",
    facts: { exitCode: exitCodeOf(error), error: why },
    notifies: ["on-call"],
  });
}

async function recordResolved(ctx: Context, begun: IncidentUpdate): Promise<void> {
  const { fields, steps, startedAt } = ctx.output;
  const common = { ...begun, facts: {}, next: "find the cause, then close this incident" };
  await recordIncident(ctx, {
    ...common,
    state: "mitigated",
    at: mitigatedAt(ctx.output),
    done: "all traffic is with the release before",
    notifies: [],
  });
  await recordIncident(ctx, {
    ...common,
    state: "resolved",
    done: "the release before serves everybody again, verified by requests and smoke tests",
    facts: {
      target: fields.target,
      diff: fields.diff,
      schemaDifferences: fields.schemaDifferences,
      impact: impactOf(fields.gate, fields.bake),
      steps: steps.map(({ name, from, to, ok }) => ({ name, from, to, ok })),
      startedAtOfSteps: new Date(startedAt).toISOString(),
    },
  });
}

const firstLine = (text: string): string => text.split("\n")[0] ?? "";

/** When users were safe again: when requests showed it, else when the brake was on; undefined where neither succeeded. */
export function mitigatedAt({ steps, startedAt }: Pick<Output, "steps" | "startedAt">): Date | undefined {
  const end = (kind: StepKind) => steps.find((step) => step.kind === kind && step.ok)?.to;
  const safe = end("verify-brake") ?? end("brake");
  return safe === undefined ? undefined : new Date(startedAt + safe * 1000);
}

/** Version of the slot that holds a digest. */
const versionOf = (release: Release, bad: string): string | undefined => {
  const slot = [release.live, idleSlot(release)].find((one) => digestIn(release, one) === bad);
  return slot && release.slots[slot]?.version;
};

/** The digest that a rollback to `target` replaces: what is live, or, where that is the target already, the other slot's. */
export function digestBeingReplaced(current: Release, target: string): string | undefined {
  const live = liveDigest(current);
  return live !== undefined && live !== target ? live : digestIn(current, idleSlot(current));
}

/** When the gate or the bake of this command had its verdict. */
function verdictAt({ steps }: Output): Date | undefined {
  const text = steps.map((step) => step.verdictAt).findLast((value) => typeof value === "string");
  return text === undefined ? undefined : new Date(text);
}

/** When the release began to do harm: when it got traffic, by this command or by an update of history. */
function began(
  { steps, startedAt }: Output,
  history: readonly HistoryEntry[],
  bad: string,
  noticed: Date,
): Date | undefined {
  const step = steps.find(({ step, ok }) => (step === "canary" || step === "first") && ok);
  const own = step?.to === undefined ? undefined : new Date(startedAt + step.to * 1000);
  const since = exposedSince(history, bad) ?? own;
  return since && noticed.getTime() - since.getTime() <= longestUnnoticed ? since : undefined;
}
