import { parse } from "yaml";
import { configNamespace } from "../../decisions/stack/configKeys";
import { committedContents } from "./git";

/** Commits of a stack file that are looked at. */
const most = 100;

/**
 * Whether a commit of the stack file had a release of a higher serial: then a lower one in the file is a revert. A file that
 * is only old, because what a command wrote is not committed yet, was never ahead.
 * @throws GitFault where git cannot be asked
 */
export function wasCommittedAhead(root: string, stack: string, serial: number): boolean {
  for (const text of committedContents(root, `Pulumi.${stack}.yaml`, most))
    if (serialIn(text) > serial) return true;
  return false;
}

function serialIn(text: string): number {
  const { config } = (parse(text) ?? {}) as { config?: Record<string, { serial?: unknown } | undefined> };
  return Number(config?.[`${configNamespace}release`]?.serial ?? -1);
}
