import { readFileSync, readdirSync } from "node:fs";
import { jsonIn } from "../../decisions/text/jsonText";

/** The JSON of a file; text that is none is handed on as it is, for the schema to refuse. */
export function jsonOf(file: string): unknown {
  const text = readFileSync(file, "utf8");
  return jsonIn(text) ?? text;
}

/** Names in a folder, in an order that does not depend on the disk; none where the folder is not there. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
