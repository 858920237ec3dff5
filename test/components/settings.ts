import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseYaml } from "yaml";
import { type Release, type Settings, parse } from "../../decisions/stack/config";

/** Settings for the tests of components: those of the committed prod stack, with a release of one's own. */

const namespace = "deployment-safety:";

/** The keys of `Pulumi.<stack>.yaml` without their prefix, as they are written. */
export function stackFile(stack: string): Record<string, unknown> {
  const text = readFileSync(join(__dirname, "../..", `Pulumi.${stack}.yaml`), "utf8");
  const { config } = parseYaml(text) as { config: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith(namespace) ? [[key.slice(namespace.length), value]] : [],
    ),
  );
}

/** The settings of prod with `release` and whatever else is changed. */
export function settingsWith(release: Partial<Release>, more: Record<string, unknown> = {}): Settings {
  const file = stackFile("prod");
  const parsed = parse({ ...file, ...more, release: { ...(file.release as object), ...release } });
  if (parsed.ok) return parsed.settings;
  throw new Error(parsed.issues.map(({ path, message }) => `${path}: ${message}`).join("\n"));
}
