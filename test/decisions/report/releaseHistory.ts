import type { HistoryEntry } from "../../../decisions/stack/history";
import { writeMessage } from "../../../decisions/stack/updateMessage";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { deployed, entry, sample, served } from "../samples";

const told = (operation: string, version: string, step: string, id = `${operation} ${version}`) => ({
  message: writeMessage(`${operation} ${version}: ${step}`, { operation, id, version, step, actor: "ada" }),
});

/** Release 1 is live, 2 is deployed, goes back to 1, and 3 follows; the newest entry comes first. */
export function releaseTakenBack(): HistoryEntry[] {
  const start = served();
  const two = deployed(start, 2).toReversed();
  const live = two.at(-1)!;
  const back = releaseAfter.rollback(live, start.live);
  const three = releaseAfter.load(releaseAfter.validate(back), sample(3));
  return [
    entry(start, told("deploy", "1.1.0", "validate")),
    ...two.map((release, index) => entry(release, told("deploy", "1.2.0", `step ${index}`))),
    entry(back, told("rollback", "1.1.0", "rollback")),
    entry(releaseAfter.validate(back), told("rollback", "1.1.0", "validate")),
    entry(three, told("deploy", "1.3.0", "load")),
  ].toReversed();
}
