import { drillAge } from "../../../decisions/deploy/checks/recovery";
import { verdictOf } from "../../../decisions/gate/monitor";
import { describeRollout } from "../../../decisions/flags/flagChange";
import { flagsAsPublished } from "../../../decisions/flags/flags";
import { describeSlotTraffic } from "../../../decisions/report/recentTraffic";
import { knownGood } from "../../../decisions/stack/history";
import { describeLease, leaseState } from "../../../decisions/stack/lease";
import { slots } from "../../../decisions/stack/names";
import { since } from "../../deploy/checklist";
import { refusedBy } from "../../../decisions/stack/parameters";
import { flagConditions } from "../../../decisions/flags/flagConditions";
import { updatesOf } from "../../../decisions/report/updates";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import { valueOrError } from "../../shell/valueOrError";
import { readPublished, type Context } from "../../shell/context";
import { messageOf } from "../../shell/failure";
import { recentMinutes, readRecentTraffic } from "../../report/recentTraffic";
import { undelivered } from "../../audit/outbox";
import { makeLine } from "../../shell/options";
import { here } from "../../../repository/stack/process";
import { age, describeSlot, describeUpdate, unknown, type Line } from "../../shell/statusLine";
import { readSaved } from "../../deploy/savedMonitor";
import { gateSettings } from "../../deploy/gateSettings";

/** What runs where, and what may be gone back to. Changes nothing; a part that cannot be read says so. */
export async function run(ctx: Context): Promise<void> {
  const records = ctx.settings.reporting ?? ctx.settings.comms;
  const [published, route, history, saved, firing, glance, waiting] = await Promise.all([
    readPublished(ctx),
    valueOrError(() => ctx.loadBalancer.route(ctx.signal)),
    valueOrError(() => ctx.engine.history()),
    readSaved(ctx),
    valueOrError(async () =>
      (await ctx.alarms.states()).filter(({ state }) => state === "ALARM").map(({ name }) => name),
    ),
    readRecentTraffic(ctx, ctx.settings.release.live),
    records &&
      valueOrError(() => undelivered(ctx, AbortSignal.any([ctx.signal, AbortSignal.timeout(patience)]))),
  ]);
  const release = published.release;
  const file = ctx.settings.release;
  const { targets } = knownGood(Array.isArray(history) ? history : [], new Set(published.refused.keys()));
  const rule = route instanceof Error ? undefined : route;
  const slotLines = await Promise.all(slots.map((slot) => describeSlot(ctx, slot, route, release ?? file)));
  const standing = flagConditions(release ?? file, readRevisionFiles(ctx.root).graph);
  const flags = flagsAsPublished(ctx.settings.flags, ctx.settings.heldFlags, standing);
  const lease = published.lease && {
    ...published.lease,
    state: leaseState(published.lease, new Date(), here),
  };
  const drill = drillAge({
    stack: ctx.stack,
    now: new Date(),
    drills: published.drills,
    ...since(Array.isArray(history) ? history : []),
  });
  const inFile = release === undefined || JSON.stringify(release) === JSON.stringify(file);

  ctx.output.set("release", release);
  ctx.output.set("fileAgrees", inFile);
  ctx.output.set("traffic", rule?.routing);
  ctx.output.set("slots", Object.fromEntries(slotLines.map(({ line: _, ...seen }) => [seen.slot, seen])));
  ctx.output.set("lease", lease);
  const word = saved && verdictOf(saved.watch, gateSettings(ctx));
  if (word)
    ctx.output.set("gate", { at: saved.at, phase: word.phase, verdict: word.verdict, reasons: word.reasons });
  ctx.output.set("refused", Object.fromEntries(published.refused));
  ctx.output.set("drill", { ...drill, ...published.drills });
  ctx.output.set("killSwitch", published.killSwitch);
  ctx.output.set(
    "flags",
    Object.fromEntries([...flags].map(([name, flag]) => [name, flag.metadata.off ?? "on"])),
  );
  ctx.output.set("figures", orWhy(glance.slots));
  ctx.output.set("budget", orWhy(glance.budget));
  ctx.output.set(
    "incidents",
    glance.incidents instanceof Error
      ? messageOf(glance.incidents)
      : glance.incidents.map(({ id, title, state, detectedAt }) => ({ id, title, state, detectedAt })),
  );
  ctx.output.set("alarms", orWhy(firing));
  if (waiting) ctx.output.set("undelivered", orWhy(waiting));
  ctx.output.set(
    "knownGood",
    targets.map(({ name, startTime, version, digest }) => ({ name, startTime, version, digest })),
  );

  const describeFlag = (name: string) => {
    const flag = ctx.settings.flags[name];
    return flag ? `on for ${describeRollout(flag)}` : "on";
  };
  const lines: Line[] = [
    release
      ? {
          label: "stack",
          text: `${ctx.stack}, serial ${release.serial}${inFile ? "" : `; the file says serial ${file.serial}: run make sync`}`,
          ...(inFile ? {} : { mood: "unsure" }),
        }
      : { label: "stack", text: `${ctx.stack}, nothing released yet` },
    ...slotLines.flatMap(({ slot, line }): Line[] => {
      const seen = glance.slots instanceof Error ? undefined : glance.slots[slot];
      return [line, ...(seen ? [{ label: `  ${recentMinutes} min`, text: describeSlotTraffic(seen) }] : [])];
    }),
    ...(glance.slots instanceof Error ? [unknown("figures", glance.slots)] : []),
    route instanceof Error
      ? unknown("traffic", route)
      : rule?.routing.traffic === "paused"
        ? { label: "traffic", text: "paused", mood: "bad" }
        : { label: "traffic", text: rule?.routing.traffic ?? "no listener rule yet" },
    { label: "validated", text: release?.validated ?? "nothing" },
    { label: "database", text: release?.migration?.revision ?? "no migration yet" },
    ...(word
      ? [{ label: word.phase, text: `${word.verdict} (${age(saved.at)}): ${word.reasons.join(", ")}` }]
      : []),
    { label: "lease", text: lease ? `${describeLease(lease)}, ${lease.state}` : "free" },
    published.killSwitch
      ? {
          label: "kill switch",
          text: `ON since ${published.killSwitch.at}: ${published.killSwitch.reason}`,
          mood: "bad",
        }
      : { label: "kill switch", text: "off" },
    drill.ok
      ? { label: "drill", text: drill.detail }
      : { label: "drill", text: `DUE: ${drill.detail}`, mood: "unsure" },
    firing instanceof Error
      ? unknown("alarms", firing)
      : firing.length > 0
        ? { label: "alarms", text: firing.join(", "), mood: "bad" }
        : { label: "alarms", text: "none firing" },
    glance.budget instanceof Error
      ? unknown("budget", glance.budget)
      : { label: "budget", text: glance.budget },
    ...(glance.incidents instanceof Error
      ? [unknown("incidents", glance.incidents)]
      : glance.incidents.length === 0
        ? [{ label: "incidents", text: "none open" }]
        : glance.incidents.map(({ id, title, state, detectedAt }): Line => ({
            label: "incident",
            text: `${id} ${state}, ${age(detectedAt)}: ${title}`,
            mood: "bad",
          }))),
    ...(waiting instanceof Error
      ? [unknown("undelivered", waiting)]
      : waiting && waiting.here + waiting.handedOver > 0
        ? [
            {
              label: "undelivered",
              text: `${waiting.here} record(s) and messages here, ${waiting.handedOver} in the stack's queue: the next command that changes something delivers them`,
              ...(waiting.handedOver > 0 && { mood: "unsure" as const }),
            },
          ]
        : []),
    ...[...flags].map(([name, flag]) => ({
      label: "flag",
      text: `${name}: ${flag.metadata.off ? `off, ${flag.metadata.off}` : describeFlag(name)}`,
    })),
    ...[...published.refused.values()].map((refusal) => ({
      label: "refused",
      text: `${refusal.digest} ${age(refusal.at)}, ${refusedBy(refusal)}`,
    })),
    ...(history instanceof Error
      ? [unknown("history", history)]
      : updatesOf(history.slice(0, shownUpdates)).map((update) => describeUpdate(update))),
    ...targets
      .filter(({ digest }, index) => targets.findIndex((one) => one.digest === digest) === index)
      .slice(0, shownTargets)
      .map((target) => ({
        label: "known good",
        text: `${target.version.padEnd(12)} ${age(target.startTime)} (${target.name})`,
      })),
  ];
  ctx.output.print(
    lines
      .map(({ label, text, mood }) => {
        const line = `${label.padEnd(12)} ${text}`;
        return mood ? ctx.output.paint(mood === "bad" ? "red" : "yellow", line) : line;
      })
      .join("\n"),
  );
  // What is bad is what came last: the canary while there is one, else what is live.
  const live = release?.slots[release.live]?.version;
  const isCanary = release !== undefined && release.canaryWeight > 0;
  const back = targets.find(({ version }) => (version === live) === isCanary);
  if (back) ctx.output.next(makeLine(ctx.stack, "rollback", { VERSION: back.version }));
}

/** The value, or why it is not known. */
const orWhy = <T>(value: T | Error): T | string => (value instanceof Error ? messageOf(value) : value);

/** Milliseconds that the queue of undelivered things may take. */
const patience = 2_000;

/** Newest updates that the terminal shows: about what one release makes. */
const shownUpdates = 6;

/** Known-good releases that the terminal shows, each with the newest update that had it; the JSON has all updates. */
const shownTargets = 5;
