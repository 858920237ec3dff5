import { existsSync, readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { dirname, resolve } from "node:path";
import { PolicyPack, type PolicyPackConfig } from "@pulumi/policy";
import { isConfigured } from "./approval/changeScope";
import { configIssues, withLevels } from "./configFile";
import { levelOf, policies, policyContext } from "./pack";
import { library } from "./parameters";
import { rules } from "./rules";

/** Resolves a path given from the project's folder or another one above: the pack itself runs in its own folder. */
function resolveUpwards(name: string): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const file = resolve(folder, name);
    if (existsSync(file) || folder === dirname(folder)) return file;
  }
}

/** Names every policy and setting of a config file that does not exist; the engine would ignore them. */
const issuesIn = (name: string, content: unknown): string[] =>
  configIssues(content, rules).map((issue) => `${name}: ${issue}`);

/** Issues of the config file that the environment names. */
function environmentIssues(): string[] {
  const name = process.env.PULUMI_OPTION_POLICY_PACK_CONFIG;
  // With several files, each is for another pack.
  if (!name || name.includes(",")) return [];
  try {
    return issuesIn(name, JSON.parse(readFileSync(resolveUpwards(name), "utf8")));
  } catch {
    // The engine reads the file too and reports what is wrong.
    return [];
  }
}

/** The pack's own file for the stack: levels and settings. Those of a file on the command line override it. */
function readStackFile(): { config: PolicyPackConfig; issues: string[] } {
  const stack = process.env.PULUMI_STACK;
  const name = `${stack}.json`;
  if (!stack || name === "package.json" || !existsSync(name)) return { config: {}, issues: [] };
  try {
    const file = JSON.parse(readFileSync(name, "utf8")) as PolicyPackConfig;
    const levels = withLevels(file, rules, (rule) => levelOf(rule, now().isPreview));
    return { config: levels as PolicyPackConfig, issues: issuesIn(`policies/${name}`, file) };
  } catch (error) {
    return { config: {}, issues: [`policies/${name}: cannot be read as JSON: ${String(error)}`] };
  }
}

const now = () => policyContext(process.env, new Date());

const { config, issues: stackIssues } = readStackFile();
const issues = [...environmentIssues(), ...stackIssues];
if (issues.length > 0) {
  process.stderr.write(`Invalid policy config:\n${issues.map((issue) => `  - ${issue}\n`).join("")}`);
  process.exit(1);
}

/** Serves the pack to the engine that started this process. */
new PolicyPack(
  "deployment-safety",
  {
    description: "Backups, releases, alarms, flags and irreversible changes as deployment-safety needs them",
    policies: policies(rules, now),
  },
  config,
);

// While the engine waits for the program to start, the pack loads what the program's first resources will need.
if (isConfigured(now()))
  setTimeout(() => {
    now().liveState();
    library();
  }, 300);
// The engine kills the pack at the end, so the compile cache is written before that; later runs have nothing to write.
setTimeout(flushCompileCache, 2000);
