import type { Release } from "./config";
import { configDiff } from "./configDiff";
import { nameOf, type HistoryEntry, type Newest } from "./history";
import { emptyRelease } from "../release/nextRelease";
import { present } from "../text/present";

/** What a command finds when it starts. */
export interface StartingFacts {
  /** Newest update that succeeded; undefined on a first run. */
  newest?: Newest | undefined;
  /** Newest entry of any kind and result. */
  newestEntry?: HistoryEntry | undefined;
  /** Whether Pulumi's state has an operation under way that nobody finished. */
  pendingOperations: boolean;
  /** Whether a dead operation's lease is still there. */
  deadLease: boolean;
  /** The release parameter. */
  published?: Release | undefined;
  /** The stack file's release. */
  file: Release;
}

/** What a command does before its own work. */
export type StartingPoint =
  | {
      ok: true;
      /** Release to start from: the applied one, or the empty one of a first run. */
      release: Release;
      /** Write `release` into the stack file, which says something else. */
      writeFile: boolean;
      /** Apply `release` again with one `up`, because the last operation did not end cleanly. */
      reapply: boolean;
      /** For people, one line each; empty when there is nothing to say. */
      why: string[];
    }
  | { ok: false; reasons: string[] };

/**
 * The applied release is that of the newest succeeded update, with one exception: an `up` publishes its release last of
 * all, so a process that is killed between that and the end of its update leaves a published release ahead of history.
 * It was applied in full, and an `up` of it gives it its entry.
 */
export function startingPoint(found: StartingFacts): StartingPoint {
  const { newest, newestEntry, published, file } = found;
  const recorded = newest?.release;
  const conflict = newest && !recorded ? unreadable(newest) : disagreement(recorded, published);
  if (conflict) return { ok: false, reasons: [conflict] };
  const isAhead = published !== undefined && published.serial > (recorded?.serial ?? -1);
  const applied = isAhead ? published : recorded;
  const release = applied ?? emptyRelease(file.live);
  const unclean = present(
    isAhead && `The release with serial ${published.serial} was applied, but its update did not end.`,
    newestEntry &&
      newestEntry.startTime !== newest?.entry.startTime &&
      `The ${newestEntry.kind} ${nameOf(newestEntry)} came after the newest succeeded update and is ${newestEntry.result}.`,
    found.pendingOperations && "An operation in Pulumi's state did not end.",
    found.deadLease && "The last operation's process died before it gave its lease back.",
  );
  const writeFile = configDiff(file, release).length > 0;
  return {
    ok: true,
    release,
    writeFile,
    reapply: applied !== undefined && unclean.length > 0,
    why: present(
      ...unclean,
      writeFile &&
        `The stack file's release (serial ${file.serial}) is not the applied one (serial ${release.serial}), which is written into it.`,
    ),
  };
}

const putBack =
  "Put the stack's output `release` into the parameter (`aws ssm put-parameter`), then run the command again.";

const unreadable = ({ entry }: Newest): string =>
  `The newest succeeded update (${nameOf(entry)}) has no \`deployment-safety:release\` that today's schema can read. Put a sound release into the stack file by hand and apply it with \`pulumi up\`.`;

/** History and the published release cannot both be right; which one is, a person must say. */
function disagreement(recorded: Release | undefined, published: Release | undefined): string | undefined {
  if (!recorded) return undefined;
  if (!published)
    return `History has a succeeded update with serial ${recorded.serial}, but the parameter \`release\` is gone. ${putBack}`;
  if (published.serial < recorded.serial)
    return `The parameter \`release\` has serial ${published.serial}, but the newest succeeded update has ${recorded.serial}. ${putBack}`;
  const lines = published.serial === recorded.serial ? configDiff(recorded, published) : [];
  if (lines.length === 0) return undefined;
  return `The parameter \`release\` and the newest succeeded update both have serial ${recorded.serial}, but differ at ${lines.map((line) => `\`${line.path}\``).join(", ")}. ${putBack}`;
}
