import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { allows, documentsOf, type PolicyDocument, roleOf } from "./roles";
import { places } from "../machine/environment";

/** Access key of the stand-in for the AWS provider, whichever command's update it works for. */
export const provider = "pulumi";

/** What commands and their updates called that their role's documents in docs/permissions do not allow, one line each. */
export function deniedCalls(project: string, home: string): string[] {
  const { calls } = places(home);
  const lines = existsSync(calls) ? readFileSync(calls, "utf8").trimEnd().split("\n") : [];
  return lines.flatMap((line) => {
    const [command = "", action = ""] = line.split(" ");
    const files = documentsOf[roleOf(command)].map((name) => `docs/permissions/${name}.json`);
    const documents = files.map(
      (file) => JSON.parse(readFileSync(join(project, file), "utf8")) as PolicyDocument,
    );
    const who = command === provider ? "an update" : `make ${command}`;
    return allows(documents, action)
      ? []
      : [`${who} called ${action}, which no document of ${roleOf(command)} allows`];
  });
}
