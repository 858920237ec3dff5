import { exposedAndRefused } from "../../decisions/release/admission";
import { type Settings, parse } from "../../decisions/stack/config";
import { type Published, describeRefusal, readParameters } from "../../decisions/stack/parameters";
import { vaultLock } from "../../decisions/approval/vaultLock";
import { irreversibleRefusals } from "../../repository/approval/irreversible";
import { revisionIssues } from "../../repository/database/revisionIssues";
import type { PolicyContext } from "../rule";
import { document } from "../propertyValues";

/** What the stack's config, its parameters and the project's evidence say at the hour of the question. */

interface InForce {
  settings: Settings;
  published: Published;
}

/** Undefined where the config is faulty: the program refuses such a file by itself. */
async function read({ config, stack, parameters }: PolicyContext): Promise<InForce | undefined> {
  const values = Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith("deployment-safety:"))
      .map(([key, text]) => [key.slice("deployment-safety:".length), document(text) ?? text]),
  );
  const parsed = parse(values);
  return parsed.ok
    ? { settings: parsed.settings, published: readParameters(stack, await parameters()) }
    : undefined;
}

/** Why an irreversible change may not run now; the program and the commands ask the same. */
export async function irreversibleReasons(situation: PolicyContext, isLock: boolean): Promise<string[]> {
  const found = await read(situation);
  if (!found) return [];
  if (!found.settings.changeWindow)
    return isLock ? ["an approval, for which `deployment-safety:changeWindow` must be set"] : [];
  const { root, stack, now } = situation;
  const reasons = irreversibleRefusals({ root, stack, ...found }, now);
  return reasons.filter((reason) => reason.startsWith(vaultLock) === isLock);
}

/** Why the revisions that a migration brings may not be applied; what the stack before this one did, the program asks. */
export async function revisionReasons(situation: PolicyContext): Promise<string[]> {
  const found = await read(situation);
  return found ? revisionIssues(situation.root, found.settings, found.published.release, "unasked") : [];
}

/** Why a release of the stack's config may not have the traffic that it has there. */
export async function refusedReasons(situation: PolicyContext): Promise<string[]> {
  const found = await read(situation);
  if (!found) return [];
  const { refused } = found.published;
  return exposedAndRefused(found.settings.release, {
    refused: new Set(refused.keys()),
    whyRefused: new Map([...refused].map(([digest, why]) => [digest, describeRefusal(why)])),
  });
}
