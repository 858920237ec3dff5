import { existsSync, readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { dirname, resolve } from "node:path";
import { PolicyPack, type PolicyPackConfig } from "@pulumi/policy";
import { isConfigured } from "./approval/changeScope";
import { configIssues, withLevels } from "./configFile";
import { levelOf, policies, policyContext } from "./pack";
import { library } from "./parameters";
import { rules } from "./rules";

/** The file that a path means: the pack runs in its own folder, and the path is from a folder around it. */
function found(name: string): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const file = resolve(folder, name);
    if (existsSync(file) || folder === dirname(folder)) return file;
  }
}

/** The policies and settings in a config file that do not exist; the engine would pass over them. */
const faultsIn = (name: string, content: unknown): string[] =>
  configIssues(content, rules).map((fault) => `${name}: ${fault}`);

/** Faults of the config file that the environment names. */
function environmentFaults(): string[] {
  const name = process.env.PULUMI_OPTION_POLICY_PACK_CONFIG;
  // Several files are for several packs.
  if (!name || name.includes(",")) return [];
  try {
    return faultsIn(name, JSON.parse(readFileSync(found(name), "utf8")));
  } catch {
    // The engine reads it too, and says what is wrong.
    return [];
  }
}

/** The pack's own file for the stack: levels and settings, which those of a file on the command line go over. */
function readStackFile(): { config: PolicyPackConfig; faults: string[] } {
  const stack = process.env.PULUMI_STACK;
  const name = `${stack}.json`;
  if (!stack || name === "package.json" || !existsSync(name)) return { config: {}, faults: [] };
  try {
    const file = JSON.parse(readFileSync(name, "utf8")) as PolicyPackConfig;
    const levels = withLevels(file, rules, (rule) => levelOf(rule, now().isPreview));
    return { config: levels as PolicyPackConfig, faults: faultsIn(`policies/${name}`, file) };
  } catch (error) {
    return { config: {}, faults: [`policies/${name}: cannot be read as JSON: ${String(error)}`] };
  }
}

const now = () => policyContext(process.env, new Date());

const { config, faults: stackFaults } = readStackFile();
const faults = [...environmentFaults(), ...stackFaults];
if (faults.length > 0) {
  process.stderr.write(`Invalid policy config:\n${faults.map((fault) => `  - ${fault}\n`).join("")}`);
  process.exit(1);
}

/** Serves the pack to the engine that has started this process. */
new PolicyPack(
  "deployment-safety",
  {
    description: "Backups, releases, alarms, flags and irreversible changes as deployment-safety needs them",
    policies: policies(rules, now),
  },
  config,
);

// While the engine waits for the program to begin, the pack has time to load what the program's first rules will ask.
if (isConfigured(now()))
  setTimeout(() => {
    now().liveState();
    library();
  }, 300);
// The engine kills the pack at the end, so what was compiled is kept before that; in later runs there is nothing to write.
setTimeout(flushCompileCache, 2000);
