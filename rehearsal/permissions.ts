import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { allows, type PolicyDocument, roleOf } from "../decisions/permissions";
import { places } from "./environment";

/** What commands called that their role's document in docs/permissions does not allow, one line each. */
export function deniedCalls(project: string, home: string): string[] {
  const { calls } = places(home);
  const lines = existsSync(calls) ? readFileSync(calls, "utf8").trimEnd().split("\n") : [];
  return lines.flatMap((line) => {
    const [command = "", action = ""] = line.split(" ");
    const file = `docs/permissions/${roleOf(command)}.json`;
    const document = JSON.parse(readFileSync(join(project, file), "utf8")) as PolicyDocument;
    return allows(document, action) ? [] : [`make ${command} called ${action}, which ${file} does not allow`];
  });
}
