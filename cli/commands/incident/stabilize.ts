import { missingHolds } from "../../../decisions/flags/heldFlags";
import { newestSucceeded } from "../../../decisions/stack/history";
import { parameters as paths } from "../../../decisions/stack/names";
import { flagsToHold } from "../../../decisions/flags/heldFlags";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { readPublished, type Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { continuing, recordIncident } from "../../incident/incidentLog";
import { incidentAsked } from "../../incident/incidentLookup";
import { apply } from "../../stack/apply";
import { operate } from "../../stack/operate";
import { describeUpdates, type Change } from "../../stack/operation";
import { makeLine } from "../../shell/options";
import { applyStep } from "../../release/applyStep";
import { killSwitchOn } from "../../traffic/killSwitch";

/**
 * C2: switches the incident's flags off at once by the kill switch, then holds them in config; CAUSE=migration pauses traffic
 * too. The flags are NAME= (separated by commas), else all of high risk. Never asks; safe to run again.
 */
export async function run(ctx: Context): Promise<void> {
  const { stack, options, settings } = ctx;
  const incident = await incidentAsked(ctx);
  const named = options.name?.split(",").map((name) => name.trim());
  const asked = flagsToHold(settings.flags, settings.heldFlags, incident, named);
  if (asked.unknown.length > 0)
    throw new Failure(
      exitCodes.usage,
      `There is no flag ${asked.unknown.join(", ")}. Flags: ${Object.keys(settings.flags).join(", ") || "none"}. Nothing was changed.`,
    );
  const pauses = options.cause === "migration";
  ctx.output.set("incident", incident.id);
  if (options.dryRun) {
    ctx.output.print(
      `Would hold ${asked.added.join(", ") || "no further flag"}${pauses ? " and pause traffic" : ""}.`,
    );
    ctx.output.next(makeLine(stack, "stabilize", { INCIDENT: incident.id, CAUSE: options.cause }));
    return;
  }
  const reason = `${incident.id}: ${incident.title}`;
  // Before the lease: users' safety must not wait until somebody's deploy has ended.
  const { killSwitch } = await readPublished(ctx);
  const isToStop = asked.added.length > 0 && killSwitch === undefined;
  // One that a killed run of this command left on is ours too.
  const isOurs = isToStop || killSwitch?.reason === reason;
  if (isToStop)
    await ctx.output.step("stop", "risky flags off by the kill switch", () =>
      ctx.parameters.put(paths.killSwitch(stack), killSwitchOn(ctx, [], reason)),
    );
  const { added, done, updates } = await operate(ctx, { heal: false }, async (operation) => {
    const applied = newestSucceeded(operation.history)?.settings?.heldFlags ?? {};
    const before = { ...settings.heldFlags, ...missingHolds(applied, settings.heldFlags) };
    const { heldFlags } = flagsToHold(settings.flags, before, incident, named);
    // What a killed run wrote into the file is not applied yet.
    const added = Object.keys(heldFlags).filter((name) => !applied[name]);
    const isToPause = pauses && operation.current.traffic === "open";
    if (isToPause) await pauseNow(ctx);
    const change: Change = { step: "flags", release: operation.current, heldFlags, reason };
    if (isToPause)
      await applyStep(operation, {
        ...change,
        step: "pause",
        release: releaseAfter.pause(operation.current),
      });
    else if (added.length > 0) await apply(operation, change);
    if (isOurs) await ctx.parameters.remove(paths.killSwitch(stack));
    ctx.output.set("held", Object.keys(heldFlags));
    ctx.output.set("added", added);
    const done = `held: ${Object.keys(heldFlags).join(", ") || "no flag"}; traffic is ${operation.current.traffic}`;
    return { added, done, updates: describeUpdates(operation) };
  });
  await recordIncident(ctx, {
    ...continuing(incident),
    state: "stabilized",
    done,
    next: "the release is rolled back, or the cause is fixed",
    facts: { held: added, paused: pauses },
    stabilizedCause: options.cause,
  });
  ctx.output.print([...done.split("; "), updates, `Commit Pulumi.${stack}.yaml.`].join("\n"));
  ctx.output.next(makeLine(stack, "playbook", { INCIDENT: incident.id }));
}

/** Answers the fixed 503 at once, by a direct call; the next update writes it into config. */
async function pauseNow(ctx: Context): Promise<void> {
  const route = await ctx.loadBalancer.route(ctx.signal);
  if (route)
    await ctx.output.step("stop", "pause the listener rule", () =>
      ctx.loadBalancer.set(route, { traffic: "paused" }, ctx.signal),
    );
}
