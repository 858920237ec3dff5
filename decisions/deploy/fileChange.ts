import type { Release, Settings } from "../stack/config";
import { configDiff } from "../stack/configDiff";
import {
  knownGood,
  nameOf,
  releaseOf,
  type HistoryEntry,
  type KnownGood,
  type Rejected,
} from "../stack/history";
import { digest, digestIn } from "../release/digest";
import { slots } from "../stack/names";
import { transition } from "../release/transition";
import type { Step, TransitionFacts } from "../release/transitionFacts";
import type { CommandHint } from "../text/commandHint";

/** What a stack file asks for. */
export type FileChange =
  /** The published release; what else the file says is applied. */
  | { kind: "same" }
  /** One legal step. */
  | { kind: "step"; step: Step }
  /** The file of an older known-good update, as `git revert` leaves it: a rollback to that update. */
  | { kind: "revert"; target: KnownGood }
  | { kind: "refused"; reasons: string[]; next: CommandHint };

/** What {@link fileChange} goes by. */
export interface FileChangeInput {
  file: Settings;
  /** The release as applied; undefined: nothing has been. */
  published: Release | undefined;
  /** Whole history, newest first. */
  history: readonly HistoryEntry[];
  facts: TransitionFacts;
  /** Whether a commit of the file had a higher serial. Asked only of a file that is behind; throws where nobody can tell. */
  wasAhead: () => boolean;
}

/**
 * Says what a stack file means on a stack where `published` is applied. Anything but the same release, one legal step and a
 * revert to a known-good update is refused, with the command that does what was probably meant.
 */
export function fileChange(input: FileChangeInput): FileChange {
  const { published, facts } = input;
  const { release } = input.file;
  if (published && release.serial < published.serial) return revert(input, published);
  if (published && release.serial === published.serial) {
    const lines = configDiff(published, release);
    if (lines.length === 0) return { kind: "same" };
    const reason = `The release was edited without a new serial: ${lines.map(({ path }) => `\`release.${path}\``).join(", ")}.`;
    return { kind: "refused", reasons: [reason], next: meant(release, published) };
  }
  const change = transition(published, release, facts);
  if (change.ok) return { kind: "step", step: change.step };
  return { kind: "refused", reasons: change.reasons, next: meant(release, published) };
}

/** A new version in a slot was to be deployed; anything else has to begin with the file as it is applied. */
function meant(release: Release, published: Release | undefined): CommandHint {
  const known = slots.map((slot) => published && digestIn(published, slot));
  const added = slots
    .filter((slot) => !known.includes(digestIn(release, slot)))
    .flatMap((slot) => release.slots[slot] ?? [])[0];
  return added ? { command: "deploy", variables: { VERSION: added.version } } : { command: "sync" };
}

function revert({ file, history, facts, wasAhead }: FileChangeInput, published: Release): FileChange {
  const isFile = (one: Release | undefined) => one && configDiff(one, file.release).length === 0;
  const behind = `The file's release has serial ${file.release.serial}, applied is ${published.serial}`;
  const refused = (why: string, next: CommandHint = { command: "sync" }): FileChange => ({
    kind: "refused",
    reasons: [`${behind}${why}`],
    next,
  });
  if (!wasAhead())
    return refused(
      ", and no commit of the file was ahead: it is old, not reverted. Merge what the commands wrote.",
    );
  const { targets, rejected } = knownGood(history, facts.refused);
  const releases = targets.filter(({ settings }) => isFile(settings.release));
  const target = releases.find(({ settings }) => otherKeys(settings, file).length === 0);
  if (target) return { kind: "revert", target };
  const [near] = releases;
  if (near)
    return refused(
      `. It is the release of ${near.name}, but ${otherKeys(near.settings, file).join(" and ")} differ from then: revert the whole file, or roll back and change them afterwards.`,
      { command: "rollback", variables: { UPDATE: near.name } },
    );
  const entry = history.find((one) => isFile(releaseOf(one)));
  const unfit = entry && rejected.find(({ name }) => name === nameOf(entry));
  if (!unfit) return refused(", and no update in history had it.");
  return refused(
    `. It is the release of ${unfit.name}, which is no target of a rollback: it ${unfit.why}.`,
    instead(unfit.kind, releaseOf(entry), targets),
  );
}

function instead(
  kind: Rejected["kind"],
  release: Release | undefined,
  targets: readonly KnownGood[],
): CommandHint | undefined {
  const live = release?.slots[release.live];
  if (kind === "refused" && live)
    return {
      command: "unblock",
      variables: { DIGEST: digest(live.image), REASON: "<why>", ACTOR: "<who>" },
    };
  const same = targets.find(({ version }) => version === live?.version);
  return same && { command: "rollback", variables: { UPDATE: same.name } };
}

/** What a rollback restores beside the release, where the file has it otherwise than the update. */
const otherKeys = (update: Settings, file: Settings): string[] =>
  (["flags", "sizing"] as const).filter((key) => configDiff(update[key], file[key]).length > 0);
