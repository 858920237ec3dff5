import { dirname } from "node:path";
import { SSMClient, paginateGetParametersByPath } from "@aws-sdk/client-ssm";
import { parse } from "../../decisions/config";
import { parameterRoot } from "../../decisions/names";
import { readParameters } from "../../decisions/parameters";
import { vaultLock } from "../../decisions/vaultLock";
import { irreversibleRefusals } from "../../records/irreversible";
import type { Situation } from "../rule";
import { document } from "../values";

/** Why an irreversible change may not run now; the program and the commands ask the same. */
export async function refusals({ config, stack, now }: Situation, isLock: boolean): Promise<string[]> {
  const values = Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith("deployment-safety:"))
      .map(([key, text]) => [key.slice("deployment-safety:".length), document(text) ?? text]),
  );
  const parsed = parse(values);
  // The program refuses such a file by itself.
  if (!parsed.ok) return [];
  const { settings } = parsed;
  if (!settings.changeWindow)
    return isLock ? ["an approval, for which `deployment-safety:changeWindow` must be set"] : [];
  const published = readParameters(stack, await parametersOf(stack));
  // The pack runs in its own folder, which is in the project's.
  const reasons = irreversibleRefusals({ root: dirname(process.cwd()), stack, settings, published }, now);
  return reasons.filter((reason) => reason.startsWith(vaultLock) === isLock);
}

/** The stack's parameters, path to value. */
async function parametersOf(stack: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const pages = paginateGetParametersByPath(
    { client: new SSMClient() },
    { Path: parameterRoot(stack), Recursive: true },
  );
  for await (const { Parameters = [] } of pages)
    for (const { Name = "", Value = "" } of Parameters) found.set(Name, Value);
  return found;
}
