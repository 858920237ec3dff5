import {
  describePlaybook,
  fillPlaybook,
  nextOf,
  type PlaybookState,
} from "../../../decisions/incident/playbook";
import { digestIn } from "../../../decisions/release/digest";
import { flagsAsPublished } from "../../../decisions/flags/flags";
import { knownGood } from "../../../decisions/stack/history";
import { isFurther, type OpenIncident } from "../../../decisions/incident/incident";
import { flagConditions } from "../../../decisions/flags/flagConditions";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import { readAlarmQueue } from "../../incident/alarmQueue";
import { readPublished, type Context } from "../../shell/context";
import { openIncidents } from "../../incident/incidentLog";
import { incidentAsked } from "../../incident/incidentLookup";
import { makeLine } from "../../shell/options";

/** Shows C1 to C7 for the stack as it is now: what is done, and the next command. Changes nothing. */
export async function run(ctx: Context): Promise<void> {
  await readAlarmQueue(ctx);
  const incident =
    ctx.options.incident === undefined
      ? (await openIncidents(ctx).catch(() => [])).sort(unfinishedFirst)[0]
      : await incidentAsked(ctx);
  const steps = fillPlaybook(await stateOf(ctx, incident));
  ctx.output.set("incident", incident);
  ctx.output.set("playbook", steps);
  ctx.output.print(describePlaybook(steps));
  const next = nextOf(steps);
  ctx.output.next(next ?? makeLine(ctx.stack, "status"));
}

/** Sorts an incident that is not mitigated yet before one that only waits for its post-mortem. */
const unfinishedFirst = (one: OpenIncident, two: OpenIncident): number => {
  const far = ({ state }: OpenIncident) => (isFurther(state, "mitigated") ? 1 : 0);
  return far(one) - far(two);
};

async function stateOf(ctx: Context, incident: OpenIncident | undefined): Promise<PlaybookState> {
  const [published, history, alarms] = await Promise.all([
    readPublished(ctx),
    ctx.engine.history().catch(() => []),
    ctx.alarms
      .states()
      .then((states) => states.filter(({ state }) => state === "ALARM").map(({ name }) => name))
      .catch(() => undefined),
  ]);
  const release = published.release ?? ctx.settings.release;
  const slot = release.slots[release.live];
  const digest = digestIn(release, release.live);
  const flags = flagsAsPublished(
    ctx.settings.flags,
    ctx.settings.heldFlags,
    flagConditions(release, readRevisionFiles(ctx.root).graph),
  );
  const good = knownGood(history, new Set(published.refused.keys())).targets.find((target) =>
    incident?.digest === undefined ? target.digest !== digest : target.digest !== incident.digest,
  );
  return {
    stack: ctx.stack,
    incident,
    alarms,
    traffic: release.traffic,
    ...(slot && digest ? { live: { version: slot.version, digest, revision: slot.revision } } : {}),
    validated: digest !== undefined && release.validated === digest,
    canaryWeight: release.canaryWeight,
    ...(release.migration ? { revision: release.migration.revision } : {}),
    ...(good ? { good: good.version } : {}),
    riskyOn: [...flags].flatMap(([name, { targeting, metadata }]) =>
      targeting && metadata.risk !== "low" ? [name] : [],
    ),
    killSwitch: published.killSwitch !== undefined,
  };
}
