import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Properties, isObject } from "../../policies/propertyValues";
import type { Recorded } from "./recorded";

/** AWSGuard (npm @pulumi/awsguard), the pack that is compared with, over the same stacks. */

interface Policy {
  name: string;
  configSchema?: { properties?: Record<string, { default?: unknown }> };
  validateResource?: Validation | Validation[];
}
type Validation = (args: object, report: (message: string) => void) => void | Promise<void>;

/** Its files with policies. */
const modules = ["apiGateway", "compute", "database", "elasticsearch", "network", "security", "storage"];

/** Installs it, with the old @pulumi/aws that it needs, in a folder of its own, once. */
export function awsGuardPolicies(): Policy[] {
  const folder = join(__dirname, "../../.rehearsal/awsguard");
  if (!existsSync(join(folder, "node_modules/@pulumi/awsguard"))) {
    mkdirSync(folder, { recursive: true });
    for (const file of ["package.json", "package-lock.json"])
      copyFileSync(join(__dirname, "awsguard", file), join(folder, file));
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
      timeout: 300_000,
    });
  }
  const load = createRequire(join(folder, "package.json"));
  const found = modules.flatMap(
    (name) => Object.values(load(`@pulumi/awsguard/${name}`) as object) as unknown[],
  );
  return found.filter(
    (one): one is Policy => isObject(one) && typeof one.name === "string" && "validateResource" in one,
  );
}

/** Names of its policies that a stack breaks. Those that ask AWS itself have nobody to ask here and say nothing. */
export async function judgedByAwsGuard(
  policies: readonly Policy[],
  stack: readonly Recorded[],
): Promise<Set<string>> {
  const broken = new Set<string>();
  for (const policy of policies)
    for (const resource of stack) {
      const args = argumentsOf(policy, resource, resource.inputs);
      for (const validate of [policy.validateResource ?? []].flat())
        try {
          await validate(args, () => broken.add(policy.name));
        } catch {
          // Not applicable to this type, by which its library says so, or a question to AWS.
        }
    }
  return broken;
}

function argumentsOf(policy: Policy, { type, name, urn, protect }: Recorded, props: Properties): object {
  const isType = (resource: { __pulumiType?: string }): boolean => resource.__pulumiType === type;
  const config = Object.fromEntries(
    Object.entries(policy.configSchema?.properties ?? {}).map(([key, { default: value }]) => [key, value]),
  );
  return {
    type,
    name,
    urn,
    props,
    opts: { protect, ignoreChanges: [], aliases: [], additionalSecretOutputs: [], customTimeouts: {} },
    stackTags: new Map(),
    isType,
    asType: (resource: { __pulumiType?: string }) => (isType(resource) ? props : undefined),
    getConfig: () => config,
    notApplicable: (reason?: string) => {
      throw new Error(reason);
    },
  };
}
