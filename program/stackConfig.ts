import { getStack, runtime } from "@pulumi/pulumi";
import { nobodyIsTold } from "../decisions/alarms/subscribers";
import { type Settings, parse } from "../decisions/stack/config";
import { refusal } from "./refusal";

/** Namespace of the program's own config keys. */
const namespace = "deployment-safety:";

/**
 * Pulumi hands a structured value over as JSON text, and everything else as its text. Only structured values are
 * parsed, so that `promotedFrom: "12"` stays a string; a structure that is no JSON stays text, and the schema refuses it.
 */
function plainValue(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Keys that hold a secret, at whatever depth, as the engine tells the language host; the SDK has no public question for it. */
const secretKeys = (): string[] => JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS || "[]") as string[];

/**
 * The stack's config as one checked object.
 *
 * Every key of the namespace is read, known or not: a misspelt key would otherwise be unset, and unset is unsafe.
 * @throws RunError that lists all faults with their paths.
 */
export function stackSettings(): Settings {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  const secrets = secretKeys();
  for (const [key, text] of Object.entries(runtime.allConfig())) {
    if (!key.startsWith(namespace)) continue;
    const name = key.slice(namespace.length);
    values[name] = plainValue(text);
    if (secrets.includes(key))
      faults.push(
        `${name}: holds a secret, but stack history must be able to show it; keep the secret in the cluster and only its name here`,
      );
  }
  const parsed = parse(values);
  const untold = parsed.ok && nobodyIsTold(parsed.settings);
  if (untold) faults.push(untold);
  if (!parsed.ok) faults.push(...parsed.faults.map((fault) => `${fault.path}: ${fault.message}`));
  if (parsed.ok && faults.length === 0) return parsed.settings;
  const counted = faults.length === 1 ? "a fault" : `${faults.length} faults`;
  throw refusal(
    [
      `Invalid config: Pulumi.${getStack()}.yaml has ${counted} in \`${namespace}…\`; nothing was changed:`,
      ...faults.map((fault) => `  - ${fault}`),
    ].join("\n"),
  );
}
