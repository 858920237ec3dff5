import { shown } from "../approval/changeWindow";
import { digest } from "../release/digest";
import { furthest, isFurther, type IncidentState } from "../incident/incident";
import { makeLine } from "../text/commandHint";
import { refusedBy, type Published } from "../stack/parameters";
import type { Subject } from "./reportInput";
import type { UpdateRange } from "./updates";

/** How it ended, in a word and in a sentence. */
export interface Verdict {
  tone: "good" | "bad" | "open";
  word: string;
  sentence: string;
}

/** How a release ended, as far as history and the list of refused images say. */
export function releaseVerdict(
  version: string,
  { updates }: UpdateRange,
  published: Published | undefined,
): Verdict {
  const last = updates.findLast(({ release }) => release)?.release;
  const live = last?.slots[last.live];
  const own = updates.flatMap(({ release }) => Object.values(release?.slots ?? {})).find(isNamed(version));
  const refusal = own && published?.refused.get(digest(own.image));
  if (live?.version === version)
    return last?.validated === digest(live.image)
      ? {
          tone: "good",
          word: "Live",
          sentence: `${version} passed its validation and serves all of the traffic.`,
        }
      : {
          tone: "open",
          word: "Not validated",
          sentence: `${version} is live, and its validation is still to come.`,
        };
  if (refusal)
    return {
      tone: "bad",
      word: "Taken back",
      sentence: `${version} may not get traffic: ${refusedBy(refusal).replace(/\.$/, "")}.`,
    };
  const wasLive = updates.some(({ release }) => release?.slots[release.live]?.version === version);
  if (wasLive)
    return {
      tone: "bad",
      word: "Taken back",
      sentence: `${version} was live, and ${live?.version ?? "nothing"} took its place again.`,
    };
  if (last && last.canaryWeight > 0)
    return {
      tone: "open",
      word: "Canary",
      sentence: `${version} has ${last.canaryWeight} % of the traffic.`,
    };
  return { tone: "open", word: "Not released", sentence: `${version} got no further than its last update.` };
}

const isNamed =
  (version: string) =>
  (held: { version: string; image: string } | undefined): held is { version: string; image: string } =>
    held?.version === version;

/** How far an incident is, since when, and what to do next. */
export function incidentVerdict(
  subject: Extract<Subject, { incident: string }>,
  { stack, zone }: { stack: string; zone: string },
): Verdict {
  const state = furthest(subject.entries.map((entry) => entry.state));
  const opened = subject.entries[0];
  const since = opened ? `Noticed ${shown(new Date(opened.at), zone)}. ` : "";
  const restored = isRestored(state);
  const service = restored ? "The service is restored." : "The service is not known to be restored.";
  const next =
    state === "closed"
      ? ""
      : ` What comes next: ${makeLine(stack, "playbook", { INCIDENT: subject.incident })}`;
  return {
    tone: restored ? "good" : "bad",
    word: state.charAt(0).toUpperCase() + state.slice(1),
    sentence: `${since}${service}${next}`,
  };
}

/** Whether the service works again for people in that state. */
export const isRestored = (state: IncidentState): boolean => isFurther(state, "stabilized");
