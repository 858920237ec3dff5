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
  if (live?.version === version)
    return last?.validated === digest(live.image)
      ? verdict("good", "Live", `${version} passed its validation and serves all of the traffic.`)
      : verdict("open", "Not validated", `${version} is live, and its validation is still to come.`);
  const held = updates.flatMap(({ release }) => Object.values(release?.slots ?? {}));
  const own = held.find((one) => one?.version === version);
  const refusal = own && published?.refused.get(digest(own.image));
  if (refusal) {
    const why = refusedBy(refusal).replace(/\.$/, "");
    return verdict("bad", "Taken back", `${version} may not get traffic: ${why}.`);
  }
  const wasLive = updates.some(({ release }) => release?.slots[release.live]?.version === version);
  const instead = live?.version ?? "nothing";
  if (wasLive)
    return verdict("bad", "Taken back", `${version} was live, and ${instead} took its place again.`);
  if (last && last.canaryWeight > 0)
    return verdict("open", "Canary", `${version} has ${last.canaryWeight} % of the traffic.`);
  return verdict("open", "Not released", `${version} got no further than its last update.`);
}

const verdict = (tone: Verdict["tone"], word: string, sentence: string): Verdict => ({
  tone,
  word,
  sentence,
});

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
  const playbook = makeLine(stack, "playbook", { INCIDENT: subject.incident });
  const next = state === "closed" ? "" : ` What comes next: ${playbook}`;
  const word = state.charAt(0).toUpperCase() + state.slice(1);
  return verdict(restored ? "good" : "bad", word, `${since}${service}${next}`);
}

/** Whether the service works again for people in that state. */
export const isRestored = (state: IncidentState): boolean => isFurther(state, "stabilized");
