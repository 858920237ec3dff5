import { getStack, runtime } from "@pulumi/pulumi";
import { nobodyIsTold } from "../decisions/alarms/subscribers";
import { type Settings, parse } from "../decisions/stack/config";
import { configNamespace, configValue, ownEntries } from "../decisions/stack/configKeys";
import { refusal } from "./refusal";

/** Keys that hold a secret at any depth, as the engine passes them to the language host; the SDK has no API for it. */
const secretKeys = (): string[] => JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS || "[]") as string[];

/**
 * The stack's config as one checked object.
 *
 * Every key of the namespace is read, known or not: a misspelt key would otherwise count as unset, which is unsafe.
 * @throws RunError that lists all issues with their paths.
 */
export function stackSettings(): Settings {
  const values: Record<string, unknown> = {};
  const issues: string[] = [];
  const secrets = secretKeys();
  for (const [name, text] of ownEntries(runtime.allConfig())) {
    values[name] = configValue(text);
    if (secrets.includes(configNamespace + name))
      issues.push(
        `${name}: holds a secret, but stack history must be able to show it; keep the secret in the cluster and only its name here`,
      );
  }
  const parsed = parse(values);
  const untold = parsed.ok && nobodyIsTold(parsed.settings);
  if (untold) issues.push(untold);
  if (!parsed.ok) issues.push(...parsed.issues.map(({ path, message }) => `${path}: ${message}`));
  if (parsed.ok && issues.length === 0) return parsed.settings;
  const counted = issues.length === 1 ? "an issue" : `${issues.length} issues`;
  throw refusal(
    [
      `Invalid config: Pulumi.${getStack()}.yaml has ${counted} in \`${configNamespace}…\`; nothing was changed:`,
      ...issues.map((issue) => `  - ${issue}`),
    ].join("\n"),
  );
}
