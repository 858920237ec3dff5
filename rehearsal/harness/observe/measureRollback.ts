import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { propagationAfter } from "./canaryFigures";
import type { CommandResult } from "../act/commands";
import type { Context, HistoryEntry } from "../context";
import { jobFigures } from "./jobs";
import { figuresOf } from "./load";
import { digestOf } from "../act/releases";
import type { Figures } from "../scenario";

/** Config that a rollback restores, besides the live release: everything else must stay as it was. */
const restored = [
  "deployment-safety:release",
  "deployment-safety:flags",
  "deployment-safety:sizing",
  "deployment-safety:heldFlags",
];

/**
 * Runs a rollback of prod under load and measures what the people outside saw.
 * Throws with what did not hold: a failed request, another config than the target's, a changed key that a rollback never touches.
 */
export async function measureRollback(
  context: Context,
  bad: string,
  good: string,
  words: string[],
  perSecond = 60,
): Promise<Figures> {
  const before = context.config("prod");
  const updates = await context.history("prod");
  const target = updates.find((entry) => isKnownGood(entry, good));
  assert.ok(target, `history must hold a validated update with ${good} live`);
  const load = context.load("prod", perSecond);
  await sleep(3000);
  context.note(words.join(" "));
  const result = await context.run(words);
  await sleep(1000);
  await load.stop();
  assert.equal(
    result.exitCode,
    0,
    `the rollback must succeed; it said:\n${result.stderr.split("\n").slice(-25).join("\n")}`,
  );
  const changed = changedResources(result);
  // Without this the check below would pass on a report that lists nothing.
  assert.ok(changed.length > 0, "the command's JSON must list what its updates changed");
  const slots = before["deployment-safety:release"].slots;
  if (Object.values(slots).some((slot) => slot?.version === good))
    assert.ok(
      !changed.some((resource) => /Deployment .*-web$/.test(resource)),
      `within the standby window no web pod may start, but these changed: ${changed.join(", ")}`,
    );
  const figures = figuresOf(load.observations);
  const last =
    load.observations.filter((seen) => seen.digest === digestOf(context, bad)).at(-1)?.at ?? result.startedAt;
  const secondsToOldVersion = Math.max(0, (last - result.startedAt) / 1000);
  context.note(`last request on ${bad}, ${secondsToOldVersion.toFixed(1)} s after the command`, last);
  assert.equal(figures.failedRequests, 0, `no request may fail; ${context.failures(load)}`);
  assert.equal(figures.pausedRequests, 0, "no request may meet a pause");
  const after = await context.history("prod");
  checkConfig(context, before, target);
  const made = after.slice(0, after.length - updates.length);
  assert.ok(
    made.some((entry) => entry.message.includes("rollback")),
    "stack history must have the update with its message",
  );
  return {
    ...figures,
    secondsToOldVersion,
    propagationSeconds: await propagationAfter(context, result.startedAt),
    secondsTotal: result.seconds,
    upCount: made.length,
    resourcesChanged: changed.length,
    changed,
    restoredUpdate: target.startTime,
    ...(await jobFigures(context, load)),
  };
}

/** Every resource that the command's updates changed, as its JSON says it: operation, kind and name. */
function changedResources({ json }: CommandResult): string[] {
  const updates = (json.updates ?? []) as { changed: { operation: string; type: string; name: string }[] }[];
  return updates.flatMap(({ changed }) =>
    changed.map(({ operation, type, name }) => `${operation} ${type.split(":").at(-1) ?? type} ${name}`),
  );
}

function isKnownGood(entry: HistoryEntry, version: string): boolean {
  const release = releaseOf(entry);
  const live = release?.slots[release.live];
  return (
    entry.kind === "update" &&
    entry.result === "succeeded" &&
    live?.version === version &&
    live.image.endsWith(release?.validated ?? "none")
  );
}

const valueOf = (entry: HistoryEntry, key: string): unknown =>
  JSON.parse(entry.config[`deployment-safety:${key}`]?.value ?? "null");
const releaseOf = (entry: HistoryEntry) =>
  valueOf(entry, "release") as ReturnType<Context["config"]>["deployment-safety:release"] | null;

/** The live release, flags and sizing are the target's; outside of what a rollback restores nothing differs. */
function checkConfig(context: Context, before: Record<string, unknown>, target: HistoryEntry): void {
  const now = context.config("prod");
  const then = releaseOf(target);
  const release = now["deployment-safety:release"];
  assert.deepEqual(
    release.slots[release.live],
    then?.slots[then.live],
    "version, image and revision must be the target's",
  );
  for (const key of ["flags", "sizing"])
    assert.deepEqual(now[`deployment-safety:${key}`], valueOf(target, key), `${key} must be the target's`);
  const untouched = (config: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(config).filter(([key]) => !restored.includes(key)));
  assert.deepEqual(untouched(now), untouched(before), "a rollback must not touch any other key");
}
