import { exposedAndRefused } from "../../decisions/release/admission";
import { type Settings, parse } from "../../decisions/stack/config";
import { configValue, ownEntries } from "../../decisions/stack/configKeys";
import { type Published, describeRefusal, readParameters } from "../../decisions/stack/parameters";
import { irreversibleRefusals } from "../../repository/approval/irreversible";
import { revisionIssues } from "../../repository/database/revisionIssues";
import type { PolicyContext } from "../rule";

/** What the stack's config, its parameters and the project's evidence say right now. */

interface StackState {
  settings: Settings;
  published: Published;
}

/** Undefined if the config is invalid: the program itself rejects such a file. */
async function read({ config, stack, parameters }: PolicyContext): Promise<StackState | undefined> {
  const values = Object.fromEntries(ownEntries(config).map(([key, text]) => [key, configValue(text)]));
  const parsed = parse(values);
  return parsed.ok
    ? { settings: parsed.settings, published: readParameters(stack, await parameters()) }
    : undefined;
}

/** Why an irreversible change may not run now. The program and the commands apply the same rule. */
export async function irreversibleReasons(context: PolicyContext, isLock: boolean): Promise<string[]> {
  const found = await read(context);
  if (!found) return [];
  if (!found.settings.changeWindow)
    return isLock ? ["an approval, for which `deployment-safety:changeWindow` must be set"] : [];
  const { root, stack, now } = context;
  return irreversibleRefusals({ root, stack, ...found }, now)
    .filter(({ kind }) => (kind === "vault-lock") === isLock)
    .map(({ text }) => text);
}

/** Why the revisions of a migration may not be applied. The program itself asks what the earlier stage did. */
export async function revisionReasons(context: PolicyContext): Promise<string[]> {
  const found = await read(context);
  return found ? revisionIssues(context.root, found.settings, found.published.release, "unasked") : [];
}

/** Why a release may not have the traffic that the stack's config gives it. */
export async function refusedReasons(context: PolicyContext): Promise<string[]> {
  const found = await read(context);
  if (!found) return [];
  const { refused } = found.published;
  return exposedAndRefused(found.settings.release, {
    refused: new Set(refused.keys()),
    whyRefused: new Map([...refused].map(([digest, why]) => [digest, describeRefusal(why)])),
  });
}
