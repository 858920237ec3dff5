import { createRequire } from "node:module";
import type * as Ssm from "@aws-sdk/client-ssm";
import { parameterRoot } from "../decisions/stack/names";

/** The stack's parameters on AWS. The AWS library is loaded on first use: it takes as long as the rest of the pack. */

let last: { at: number; stack: string; found: Promise<ReadonlyMap<string, string>> } | undefined;

/** Path to value, read at most a second before `now`: several policies ask at the same moment. */
export function readAll(stack: string, now: Date): Promise<ReadonlyMap<string, string>> {
  const at = now.getTime();
  if (last?.stack !== stack || Math.abs(at - last.at) > 1000) last = { at, stack, found: ask(stack) };
  return last.found;
}

async function ask(stack: string): Promise<ReadonlyMap<string, string>> {
  const { SSMClient, paginateGetParametersByPath } = library();
  const found = new Map<string, string>();
  const pages = paginateGetParametersByPath(
    { client: new SSMClient() },
    { Path: parameterRoot(stack), Recursive: true },
  );
  for await (const { Parameters = [] } of pages)
    for (const { Name = "", Value = "" } of Parameters) found.set(Name, Value);
  return found;
}

export const library = () => createRequire(__filename)("@aws-sdk/client-ssm") as typeof Ssm;
