import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { PolicyPack } from "@pulumi/policy";
import { configFaults } from "./configFile";
import { policies, situation } from "./pack";
import { rules } from "./rules";

/** The file that a path means: the pack runs in its own folder, and the path is from a folder around it. */
function found(name: string): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const file = resolve(folder, name);
    if (existsSync(file) || folder === dirname(folder)) return file;
  }
}

/** Faults of the config file that the environment names; the engine would pass over them. */
function environmentFaults(): string[] {
  const name = process.env.PULUMI_OPTION_POLICY_PACK_CONFIG;
  // Several files are for several packs.
  if (!name || name.includes(",")) return [];
  try {
    return configFaults(JSON.parse(readFileSync(found(name), "utf8")), rules).map(
      (fault) => `${name}: ${fault}`,
    );
  } catch {
    // The engine reads it too, and says what is wrong.
    return [];
  }
}

const faults = environmentFaults();
if (faults.length > 0) {
  process.stderr.write(`Invalid policy config:\n${faults.map((fault) => `  - ${fault}\n`).join("")}`);
  process.exit(1);
}

/** Serves the pack to the engine that has started this process. */
new PolicyPack("deployment-safety", {
  description: "Backups, releases, alarms, flags and irreversible changes as deployment-safety needs them",
  policies: policies(rules, () => situation(process.env, new Date())),
});
