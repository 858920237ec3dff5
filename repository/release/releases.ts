import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readRecord, type ReleaseRecord } from "../../decisions/release/releaseRecord";
import { jsonOf } from "../stack/jsonFile";

/** What `releases/` holds. */
export interface Releases {
  /** By version, in the order of version numbers, oldest first. */
  records: Map<string, ReleaseRecord>;
  /** What is wrong with the files that are not in `records`. */
  reasons: string[];
}

/** Reads `releases/*.json` below the project's root. A folder that is not there holds no releases. */
export function readReleases(root: string): Releases {
  const folder = join(root, "releases");
  const found: ReleaseRecord[] = [];
  const reasons: string[] = [];
  for (const name of fileNames(folder)) {
    const file = join(folder, name);
    const read = readRecord(`releases/${name}`, jsonOf(file));
    if (read.ok) found.push(read.record);
    else reasons.push(...read.reasons);
  }
  found.sort((a, b) => a.version.localeCompare(b.version, "en", { numeric: true }));
  return { records: new Map(found.map((record) => [record.version, record])), reasons };
}

function fileNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
