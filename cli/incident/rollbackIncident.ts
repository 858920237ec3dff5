import type { Release } from "../../decisions/stack/config";
import { digestIn, liveDigest } from "../../decisions/release/digest";
import { exposedSince } from "../../decisions/stack/exposedSince";
import { idleSlot } from "../../decisions/release/trafficWeights";
import type { HistoryEntry } from "../../decisions/stack/history";
import { impactOf } from "../../decisions/incident/impact";
import type { Context } from "../shell/context";
import { exitCodes, messageOf } from "../shell/failure";
import { incidentAsked, recordIncident, type IncidentUpdate } from "./incidentLog";
import type { Operation } from "../stack/operation";
import type { Output } from "../shell/output";
import { deliverMessages } from "./notify";

/** The incident of a release that is taken back: opened while the brake works, gone on with when the command ends. */

/** What is known when a release begins to be taken back. */
export interface RollbackCause {
  operation: Pick<Operation, "history" | "current" | "lease">;
  /** Digest of the release that leaves. */
  bad: string;
  /** Whether the gate or a check decided it, rather than a person. */
  byItself: boolean;
  reason: string;
}

/** What a command has opened, by its report: copies of a context share that. */
const opened = new WeakMap<Output, Promise<IncidentUpdate | undefined>>();

/**
 * A release that got traffic longer ago than this did not begin to fail with that; then somebody has to say when it did.
 */
const longestUnnoticed = 24 * 3_600_000;

/** Opens the incident and tells people, beside what is under way: nothing waits for it, and it never fails. */
export function openRollbackIncident(ctx: Context, taking: RollbackCause): void {
  if (!ctx.settings.reporting || opened.has(ctx.output)) return;
  opened.set(
    ctx.output,
    open(ctx, taking).catch((error: unknown) => {
      ctx.output.warn(`the incident could not be recorded: ${messageOf(error)}`);
      return undefined;
    }),
  );
}

async function open(ctx: Context, taking: RollbackCause): Promise<IncidentUpdate> {
  const { operation, bad, byItself, reason } = taking;
  const { current, history, lease } = operation;
  const now = new Date();
  const version = versionOf(current, bad) ?? ctx.options.version;
  const noticed = moment(ctx.output, "verdictAt") ?? now;
  const asked = ctx.options.incident === undefined ? undefined : await incidentAsked(ctx);
  const startedAt = began(ctx.output, history, bad, noticed);
  const happening: IncidentUpdate = {
    cause: asked?.cause ?? `release:${bad}`,
    title: asked?.title ?? `release ${version ?? bad} is taken back`,
    source: asked?.source ?? "rollback",
    state: asked ? "note" : "opened",
    ...(startedAt && !asked ? { startedAt } : {}),
    detectedAt: asked ? new Date(asked.detectedAt) : noticed,
    ...(version === undefined ? {} : { version }),
    digest: bad,
    done: `${byItself ? "the release is being taken back by itself" : `${ctx.options.actor} takes the release back`}: ${reason.split("\n")[0] ?? ""}`,
    next: "all traffic goes to the release before, then it is verified by requests and smoke tests",
    facts: {
      trigger: reason,
      byItself,
      badVersion: version,
      badDigest: bad,
      gate: ctx.output.fields.gate,
      bake: ctx.output.fields.bake,
    },
    ...(lease.id ? { operation: lease.id } : {}),
  };
  const { id, cause } = await recordIncident(ctx, happening);
  ctx.output.set("incident", id);
  ctx.output.say(`incident ${id} is open`);
  deliverMessages(ctx).catch((error: unknown) => ctx.output.warn(messageOf(error)));
  return { ...happening, cause };
}

/** Version of the slot that holds a digest. */
const versionOf = (release: Release, bad: string): string | undefined => {
  const slot = [release.live, idleSlot(release)].find((one) => digestIn(release, one) === bad);
  return slot && release.slots[slot]?.version;
};

/** The digest that a rollback to `target` takes back: what is live, or, where that is the target already, the other slot's. */
export function digestBeingReplaced(current: Release, target: string): string | undefined {
  const live = liveDigest(current);
  return live !== undefined && live !== target ? live : digestIn(current, idleSlot(current));
}

/** The time that a step of this command noted under `name`. */
function moment({ steps }: Output, name: string): Date | undefined {
  const text = steps.map((step) => step[name]).findLast((value) => typeof value === "string");
  return text === undefined ? undefined : new Date(text);
}

/** When the release began to do harm: when it got traffic, by this command or by an update of history. */
function began(
  { steps }: Output,
  history: readonly HistoryEntry[],
  bad: string,
  noticed: Date,
): Date | undefined {
  const step = steps.find(({ step: kind, ok }) => (kind === "canary" || kind === "first") && ok);
  const own = step?.to === undefined ? undefined : new Date(performance.timeOrigin + step.to * 1000);
  const since = exposedSince(history, bad) ?? own;
  return since && noticed.getTime() - since.getTime() <= longestUnnoticed ? since : undefined;
}

/** Goes on with what was opened, now that the command has ended: the release before serves again, or going back failed. */
export async function endRollbackIncident(ctx: Context, exitCode: number, error: unknown): Promise<void> {
  const begun = await opened.get(ctx.output);
  if (!begun) return;
  const { output: told } = ctx;
  try {
    if (exitCode !== exitCodes.done && exitCode !== exitCodes.rolledBack) {
      const why = error === undefined ? `exit code ${exitCode}` : messageOf(error);
      await recordIncident(ctx, {
        ...begun,
        state: "note",
        done: `going back is not finished: ${why.split("\n")[0] ?? ""}`,
        next: "the same command is run again; it goes on from where it stopped",
        facts: { exitCode, error: why },
        tells: ["on-call"],
      });
      return;
    }
    const figures = {
      target: told.fields.target,
      diff: told.fields.diff,
      schemaDifferences: told.fields.schemaDifferences,
      impact: impactOf(told.fields.gate, told.fields.bake),
      steps: told.steps.map(({ name, from, to, ok }) => ({ name, from, to, ok })),
      startedAtOfSteps: new Date(performance.timeOrigin).toISOString(),
    };
    const served = told.steps.find(({ name, ok }) => /^verify by requests, after the brake/.test(name) && ok);
    const braked = told.steps.find(({ name, ok }) => name.startsWith("brake:") && ok);
    const safe = (served ?? braked)?.to;
    const common = { ...begun, facts: {}, next: "find the cause, then close this incident" };
    await recordIncident(ctx, {
      ...common,
      state: "mitigated",
      ...(safe === undefined ? {} : { at: new Date(performance.timeOrigin + safe * 1000) }),
      done: "all traffic is with the release before",
      tells: [],
    });
    await recordIncident(ctx, {
      ...common,
      state: "resolved",
      done: "the release before serves everybody again, verified by requests and smoke tests",
      facts: figures,
    });
  } catch (failure) {
    told.warn(`the incident could not be recorded: ${messageOf(failure)}`);
  }
}
