import { shown } from "../approval/changeWindow";
import { diffText, type DiffLine } from "../stack/configDiff";
import type { Impact } from "./impact";
import { durations, lengthOf, orderIssues, timesOf } from "./incidentTimes";

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
  entries: readonly {
    at: string;
    /** One of the entry states, or a word that is not known here. */
    state: string;
    actor: string;
    body: Record<string, unknown>;
  }[];
  /** Commands and updates of the time around it. */
  around: readonly Moment[];
  impact?: Impact;
  /** Version that did harm, and the one that serves instead; absent: no release was taken back. */
  versions?: { bad?: string; restored?: string };
  /** Config from before the way back to after it; absent: nothing went back. */
  config?: readonly DiffLine[];
  /** Revision of the schema before and after, with the revisions that lie between. */
  schema?: { before?: string; after?: string; between: readonly string[] };
}

/** What stands where a person has to write. */
const blank = "_(to be written)_";

/** Line from which on a file is people's: writing the post-mortem again leaves what follows as it is. */
export const handMark = "<!-- From here on people write; `make postmortem` leaves it as it is. -->";

/** The post-mortem as Markdown. `existing` is the file as it is: what people wrote in it stays. */
export function postmortem(facts: PostmortemFacts, existing?: string): string {
  const kept = existing?.split(handMark)[1];
  return `${[...known(facts), handMark].join("\n")}${kept ?? `\n\n${written(facts).join("\n")}\n`}`;
}

function known(facts: PostmortemFacts): string[] {
  const { id, title, stack, source, zone, impact, versions, config, schema } = facts;
  const times = timesOf(facts.entries);
  const took = durations(times);
  const at = (time: Date | undefined) => (time ? shown(time, zone) : "not yet");
  const length = (seconds: number | undefined) => (seconds === undefined ? "not yet" : lengthOf(seconds));
  const percent = (part: number) => `${(100 * part).toFixed(2)} %`;
  return [
    `# ${id}: ${oneLine(title)}`,
    "",
    "| | |",
    "| --- | --- |",
    `| stack | ${stack} |`,
    `| detected by | ${source} |`,
    ...(versions?.bad ? [`| release that did harm | ${versions.bad} |`] : []),
    ...(versions?.restored ? [`| release restored | ${versions.restored} |`] : []),
    `| began | ${times.started ? at(times.started) : `not known: \`make incident INCIDENT=${id} AT=<time>\` records it`} |`,
    `| detected | ${at(times.detected)} |`,
    ...(times.stabilized ? [`| stabilized | ${at(times.stabilized)} |`] : []),
    `| mitigated | ${at(times.mitigated)} |`,
    `| resolved | ${at(times.resolved)} |`,
    `| closed | ${at(times.closed)} |`,
    `| time to detect | ${took.detect === undefined ? "not known: nobody said when it began" : lengthOf(took.detect)} |`,
    `| time to mitigate | ${length(took.mitigate)}${took.from === "detected" && took.mitigate !== undefined ? ", from its detection" : ""} |`,
    `| time to resolve | ${length(took.resolve)}${took.from === "detected" && took.resolve !== undefined ? ", from its detection" : ""} |`,
    ...orderIssues(times).map((fault) => `\nThe recorded times do not fit: ${fault}.`),
    "",
    "## Impact",
    "",
    ...(impact
      ? [
          `- ${impact.requestsAffected} requests were answered by the release that did harm${impact.share === undefined ? "" : `, ${impact.share.toFixed(1)} % of all`}; ${impact.requestsFailed} of them failed, ${impact.requestsSlow} were slow`,
          ...(impact.budgetSpent === undefined
            ? []
            : [
                `- it spent ${percent(impact.budgetSpent)} of the error budget${impact.budgetLeft === undefined ? "" : `; ${percent(impact.budgetLeft)} is left`}`,
              ]),
          `- why it was taken back: ${impact.reasons.map(oneLine).join("; ")}`,
        ]
      : ["No gate judged this release, so nothing was counted. Requests of the time: see the dashboard."]),
    "",
    "## Timeline",
    "",
    ...timeline(facts).map(
      (moment) => `- ${at(moment.at)}: ${oneLine(moment.text)} (${oneLine(moment.actor)})`,
    ),
    "",
    "## What changed",
    "",
    ...(config === undefined
      ? ["Nothing was rolled back."]
      : config.length === 0
        ? ["No config changes."]
        : ["```diff", ...config.map((line) => oneLine(diffText(line))), "```"]),
    "",
    schema
      ? `Schema: ${schema.before ?? "none"} before, ${schema.after ?? "none"} after${schema.between.length > 0 ? `; between them: ${schema.between.join(", ")}` : ", unchanged"}.`
      : "Schema: not known.",
    "",
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
function written({ entries }: PostmortemFacts): string[] {
  const closing = entries.find(({ state }) => state === "closed")?.body ?? {};
  const said = (name: string) => (typeof closing[name] === "string" ? oneLine(closing[name]) : blank);
  return [
    "## Root cause",
    "",
    said("rootCause"),
    "",
    "## What went well, what went wrong, where we were lucky",
    "",
    blank,
    "",
    "## How it could have been detected and mitigated sooner",
    "",
    blank,
    "",
    "## Actions",
    "",
    "| what | kind | owner | until |",
    "| --- | --- | --- | --- |",
    `| ${said("action")} | prevent | ${said("owner")} | ${said("due")} |`,
  ];
}

/** Text in one line, so that it cannot end a table or a list, or forge a heading or the mark. */
const oneLine = (text: string): string =>
  text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<!--", "&lt;!--").trim();
