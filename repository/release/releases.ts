import { join } from "node:path";
import { readRecord, type ReleaseRecord } from "../../decisions/release/releaseRecord";
import { jsonOf, namesIn } from "../stack/files";

/** What `releases/` holds. */
export interface Releases {
  /** By version, in the order of version numbers, oldest first. */
  records: Map<string, ReleaseRecord>;
  /** What is wrong with the files that are not in `records`. */
  reasons: string[];
}

/** Reads `releases/*.json` below the project's root. A folder that is not there holds no releases. */
export function readReleases(root: string): Releases {
  const found: ReleaseRecord[] = [];
  const reasons: string[] = [];
  for (const name of namesIn(join(root, "releases")).filter((one) => one.endsWith(".json"))) {
    const file = `releases/${name}`;
    const read = readRecord(file, jsonOf(join(root, file)));
    if (read.ok) found.push(read.record);
    else reasons.push(...read.reasons);
  }
  found.sort((a, b) => a.version.localeCompare(b.version, "en", { numeric: true }));
  return { records: new Map(found.map((record) => [record.version, record])), reasons };
}
