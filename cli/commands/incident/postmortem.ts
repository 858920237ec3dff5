import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pendingRevisions } from "../../../decisions/database/revisionGraph";
import { configDiff, type DiffLine } from "../../../decisions/stack/configDiff";
import { settingsOf, type HistoryEntry } from "../../../decisions/stack/history";
import type { Impact } from "../../../decisions/incident/impact";
import { timesOf } from "../../../decisions/incident/incidentTimes";
import { readMessage } from "../../../decisions/stack/updateMessage";
import { postmortem, type Moment, type PostmortemFacts } from "../../../decisions/incident/postmortem";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import type { Context } from "../../shell/context";
import { messageOf } from "../../shell/failure";
import { closingLine, zoneOf } from "../../incident/incidentLog";
import { entriesOf, incidentAsked } from "../../incident/incidentLookup";
import { replaceFile } from "../../ports/stackFile";
import { redactText } from "../../shell/redact";
import { withRecords } from "../../audit/recordCommand";

/** Folder of post-mortems below the project's root. */
const folder = "postmortems";

/** Milliseconds before and after an incident whose commands are shown too. */
const margin = 60_000;

/**
 * C7: writes postmortems/<incident>.md, filled in from the records. Run again, it updates that part and keeps what people
 * wrote.
 */
export async function run(ctx: Context): Promise<void> {
  const incident = await incidentAsked(ctx);
  const { id, title, source, cause } = incident;
  const entries = await entriesOf(ctx, id);
  const times = timesOf(entries);
  const now = ctx.clock.now();
  const from = new Date((times.started ?? times.detected ?? now).getTime() - margin);
  const to = new Date((times.closed ?? times.resolved ?? now).getTime() + margin);
  const history = await ctx.engine.history();
  const bodies = entries.map(({ body }) => body);
  const fact = <T>(name: string) =>
    bodies.map((body) => body[name] as T | undefined).findLast((one) => one !== undefined);
  const target = fact<{ version?: string }>("target");
  const [before, after] = appliedSettings(history, times.detected ?? from, times.resolved ?? now);
  const config = fact<DiffLine[]>("diff") ?? changedKeys(before, after);
  const [bad, restored] = [incident.version ?? fact<string>("badVersion"), target?.version ?? liveOf(after)];
  const impact = fact<Impact>("impact");
  const facts: PostmortemFacts = {
    id,
    title,
    stack: ctx.stack,
    source,
    cause,
    zone: zoneOf(ctx),
    entries,
    around: await commandsBetween(ctx, from, to),
    impact,
    versions: { ...(bad ? { bad } : {}), ...(restored && restored !== bad ? { restored } : {}) },
    config,
    schema: schemaOf(ctx, before, after),
  };
  const path = join(ctx.root, folder, `${id}.md`);
  const text = postmortem(facts, existsSync(path) ? readFileSync(path, "utf8") : undefined);
  ctx.output.set("incident", id);
  ctx.output.set("file", `${folder}/${id}.md`);
  ctx.output.set("times", times);
  ctx.output.print(text);
  if (!ctx.options.dryRun) {
    mkdirSync(join(ctx.root, folder), { recursive: true });
    replaceFile(path, redactText(text));
    ctx.output.say(`written to ${folder}/${id}.md; commit it`);
  }
  ctx.output.next(closingLine(ctx, id));
}

/** The settings that were applied when the incident was noticed, and when it was over. */
function appliedSettings(history: readonly HistoryEntry[], noticed: Date, over: Date) {
  const appliedAt = (at: Date) => {
    const entry = history.find(
      ({ kind, result, startTime }) =>
        kind === "update" && result === "succeeded" && new Date(startTime) <= at,
    );
    const read = entry && settingsOf(entry);
    return read?.ok ? read.settings : undefined;
  };
  return [appliedAt(noticed), appliedAt(over)] as const;
}

type AppliedSettings = ReturnType<typeof appliedSettings>[number];

/** Every key in which the two differ, except the serial, which rises with each step. Stack history holds no secret. */
const changedKeys = (before: AppliedSettings, after: AppliedSettings): DiffLine[] | undefined =>
  before && after ? configDiff(before, after).filter(({ path }) => path !== "release.serial") : undefined;

const liveOf = (settings: AppliedSettings): string | undefined =>
  settings?.release.slots[settings.release.live]?.version;

/** The schema's revisions before and after, and those in between. */
function schemaOf(ctx: Context, one: AppliedSettings, two: AppliedSettings): PostmortemFacts["schema"] {
  const before = one?.release.migration?.revision;
  const after = two?.release.migration?.revision;
  const { graph } = readRevisionFiles(ctx.root);
  const passed = (from: string, to: string): string[] => {
    const found = pendingRevisions(graph, from, to);
    return found.ok ? found.revisions.reverse() : [];
  };
  const between = before && after ? [...passed(after, before), ...passed(before, after)] : [];
  return { ...(before ? { before } : {}), ...(after ? { after } : {}), between };
}

/** Commands and updates of that time in the records; none if those cannot be reached. */
async function commandsBetween(ctx: Context, from: Date, to: Date): Promise<Moment[]> {
  try {
    const events = await withRecords(ctx, (trail) => trail.between(ctx.stack, from, to));
    return events.flatMap(({ at, kind, actor, body }): Moment[] => {
      if (kind === "command") {
        const why = typeof body.reason === "string" ? `: ${body.reason}` : "";
        const text = `make ${String(body.command)} ended with ${String(body.exitCode)}${why}`;
        return [{ at: new Date(at), actor, text }];
      }
      if (kind !== "update") return [];
      const message = typeof body.message === "string" ? readMessage(body.message).line : "an update";
      return [{ at: new Date(at), actor, text: `pulumi up: ${message || "without a message"}` }];
    });
  } catch (error) {
    ctx.output.warn(
      `the records cannot be reached, so commands and updates are left out: ${messageOf(error)}`,
    );
    return [];
  }
}
