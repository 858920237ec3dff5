import { readFileSync } from "node:fs";

/** The JSON of a file; text that is none is handed on as it is, for the schema to refuse. */
export function jsonOf(file: string): unknown {
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
