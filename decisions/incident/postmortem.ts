import { shown } from "../approval/changeWindow";
import { percent } from "../text/percent";
import { diffText, type DiffLine } from "../stack/configDiff";
import type { Impact } from "./impact";
import { durations, lengthOf, orderIssues, timesOf, type TimedEntry } from "./incidentTimes";

/** A post-mortem: what the records know is filled in; empty places are only where a person must think. */

/** One line of the timeline. */
export interface Moment {
  at: Date;
  /** Who or what. */
  actor: string;
  text: string;
}

/** What a post-mortem is made of. */
export interface PostmortemFacts {
  id: string;
  title: string;
  stack: string;
  source: string;
  cause: string;
  zone: string;
  entries: readonly (TimedEntry & { actor: string; body: Record<string, unknown> })[];
  /** Commands and updates of the time around it. */
  around: readonly Moment[];
  impact?: Impact | undefined;
  /** Version that did harm, and the one that serves instead; absent: no release was rolled back. */
  versions?: { bad?: string; restored?: string };
  /** Config changes from before the rollback to after it; absent: nothing was rolled back. */
  config?: readonly DiffLine[] | undefined;
  /** Revision of the schema before and after, with the revisions that lie between. */
  schema?: { before?: string; after?: string; between: readonly string[] } | undefined;
}

/** What stands where a person has to write. */
const blank = "_(to be written)_";

/** Line from which on a file is people's: writing the post-mortem again leaves what follows as it is. */
export const handMark = "<!-- From here on people write; `make postmortem` leaves it as it is. -->";

/** The post-mortem as Markdown. `existing` is the file as it is: what people wrote in it stays. */
export function postmortem(facts: PostmortemFacts, existing?: string): string {
  const moments = timeline(facts).map(
    ({ at, text, actor }) => `- ${shown(at, facts.zone)}: ${oneLine(text)} (${oneLine(actor)})`,
  );
  const known = [
    `# ${facts.id}: ${oneLine(facts.title)}`,
    timesTable(facts).join("\n"),
    "## Impact",
    impactLines(facts.impact).join("\n"),
    "## Timeline",
    moments.join("\n"),
    "## What changed",
    ...changes(facts),
    handMark,
  ].join("\n\n");
  return known + (existing?.split(handMark)[1] ?? `\n\n${written(facts)}\n`);
}

/** The table at the top: what, who noticed it, and the times worked out from the entries. */
function timesTable({ id, stack, source, zone, versions, entries }: PostmortemFacts): string[] {
  const times = timesOf(entries);
  const took = durations(times);
  const at = (time: Date | undefined) => (time ? shown(time, zone) : "not yet");
  const fromWhen = took.from === "detected" ? ", from its detection" : "";
  const length = (seconds: number | undefined) =>
    seconds === undefined ? "not yet" : lengthOf(seconds) + fromWhen;
  const began = times.started
    ? at(times.started)
    : `not known: \`make incident INCIDENT=${id} AT=<time>\` records it`;
  const detect = took.detect === undefined ? "not known: nobody said when it began" : lengthOf(took.detect);
  const rows: [string, string | undefined][] = [
    ["stack", stack],
    ["detected by", source],
    ["release that did harm", versions?.bad],
    ["release restored", versions?.restored],
    ["began", began],
    ["detected", at(times.detected)],
    ["stabilized", times.stabilized && at(times.stabilized)],
    ["mitigated", at(times.mitigated)],
    ["resolved", at(times.resolved)],
    ["closed", at(times.closed)],
    ["time to detect", detect],
    ["time to mitigate", length(took.mitigate)],
    ["time to resolve", length(took.resolve)],
  ];
  return [
    "| | |",
    "| --- | --- |",
    ...rows.flatMap(([name, value]) => (value ? [`| ${name} | ${value} |`] : [])),
    ...orderIssues(times).map((issue) => `\nThe recorded times do not fit: ${issue}.`),
  ];
}

function impactLines(impact: Impact | undefined): string[] {
  if (!impact)
    return ["No gate judged this release, so nothing was counted. Requests of the time: see the dashboard."];
  const { requestsAffected, requestsFailed, requestsSlow, share, budgetSpent, budgetLeft, reasons } = impact;
  const ofAll = share === undefined ? "" : `, ${share.toFixed(1)} % of all`;
  const left = budgetLeft === undefined ? "" : `; ${percent(budgetLeft)} is left`;
  return [
    `- ${requestsAffected} requests were answered by the release that did harm${ofAll}; ${requestsFailed} of them failed, ${requestsSlow} were slow`,
    ...(budgetSpent === undefined ? [] : [`- it spent ${percent(budgetSpent)} of the error budget${left}`]),
    `- why it was rolled back: ${reasons.map(oneLine).join("; ")}`,
  ];
}

function changes({ config, schema }: PostmortemFacts): string[] {
  const lines = config?.map((line) => oneLine(diffText(line))) ?? [];
  const diff = lines.length > 0 ? ["```diff", ...lines, "```"].join("\n") : "No config changes.";
  const { before = "none", after = "none", between = [] } = schema ?? {};
  const moved = between.length > 0 ? `; between them: ${between.join(", ")}` : ", unchanged";
  return [
    config ? diff : "Nothing was rolled back.",
    schema ? `Schema: ${before} before, ${after} after${moved}.` : "Schema: not known.",
  ];
}

/** Entries and what happened around them, the oldest first. */
export function timeline({ entries, around }: Pick<PostmortemFacts, "entries" | "around">): Moment[] {
  const own = entries.map(({ at, state, actor, body }) => ({
    at: new Date(at),
    actor,
    text: `**${state}**: ${typeof body.done === "string" ? body.done : ""}`,
  }));
  return [...own, ...around].sort((one, two) => one.at.getTime() - two.at.getTime());
}

/** The parts that people write; what closing the incident already said is in its place. */
function written({ entries }: PostmortemFacts): string {
  const closing = entries.find(({ state }) => state === "closed")?.body ?? {};
  const said = (name: string) => (typeof closing[name] === "string" ? oneLine(closing[name]) : blank);
  const actions = [
    "| what | kind | owner | until |",
    "| --- | --- | --- | --- |",
    `| ${said("action")} | prevent | ${said("owner")} | ${said("due")} |`,
  ];
  return [
    "## Root cause",
    said("rootCause"),
    "## What went well, what went wrong, where we were lucky",
    blank,
    "## How it could have been detected and mitigated sooner",
    blank,
    "## Actions",
    actions.join("\n"),
  ].join("\n\n");
}

/** Text in one line, so that it cannot end a table or a list, or forge a heading or the mark. */
const oneLine = (text: string): string =>
  text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<!--", "&lt;!--").trim();
