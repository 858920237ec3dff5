import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isMap, isNode, isScalar, parseDocument, Scalar, visit, type Document } from "yaml";
import {
  parse,
  type Release,
  type Settings,
  type WrittenFlags,
  type WrittenSizing,
} from "../../decisions/stack/config";
import type { Issue } from "../../decisions/text/issues";
import { configNamespace, ownEntries } from "../../decisions/stack/configKeys";
import { exitCodes, Failure } from "../shell/failure";

/** The folder that holds `Pulumi.yaml`, from `start` upwards. Throws usage (2) when there is none. */
export function findRoot(start: string): string {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
    if (dirname(folder) === folder)
      throw new Failure(
        exitCodes.usage,
        `There is no Pulumi.yaml in ${start} or above it. Run this in the project's folder.`,
      );
  }
}

/** Names of the stacks that have a file `Pulumi.<stack>.yaml` in the project. */
export const listStacks = (root: string): string[] =>
  readdirSync(root)
    .flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? [])
    .sort();

/** A stack file as read: the typed settings, the text, other settings the commands need. */
export interface StackFile {
  path: string;
  text: string;
  settings: Settings;
  /** Flags as they are written, defaults not filled in. */
  flags: WrittenFlags;
  /** `aws:region` of the file, if it says one. */
  region?: string;
}

/** Reads and checks `Pulumi.<stack>.yaml`. Unknown stack: usage (2) with the known ones; faults: invalid config (3), all of them. */
export function readStackFile(root: string, stack: string): StackFile {
  const path = join(root, `Pulumi.${stack}.yaml`);
  const known = listStacks(root);
  if (!known.includes(stack))
    throw new Failure(
      exitCodes.usage,
      `There is no stack \`${stack}\`: ${root} has no Pulumi.${stack}.yaml. Known stacks: ${known.join(", ") || "none"}.`,
    );
  const text = readFileSync(path, "utf8");
  const { document, config } = load(text, path);
  const defaults = projectDefaults(root);
  const own = Object.fromEntries(ownEntries(config));
  const parsed = parse({ ...defaults, ...own });
  if (!parsed.ok) throw invalid(path, parsed.issues);
  const region = document.getIn(["config", "aws:region"]);
  // The schema has accepted them, so these are what it takes.
  const flags = (own.flags ?? {}) as WrittenFlags;
  return { path, text, settings: parsed.settings, flags, ...(typeof region === "string" ? { region } : {}) };
}

/** Values that `Pulumi.yaml` gives to every stack (`value` or `default` of a key of the project). */
function projectDefaults(root: string): Record<string, unknown> {
  const path = join(root, "Pulumi.yaml");
  const { config } = load(readFileSync(path, "utf8"), path);
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, entry]) => {
      const name = key.startsWith(configNamespace) ? key.slice(configNamespace.length) : key;
      if (name.includes(":") || typeof entry !== "object" || entry === null) return [];
      const { value, default: fallback } = entry as { value?: unknown; default?: unknown };
      return value !== undefined ? [[name, value]] : fallback !== undefined ? [[name, fallback]] : [];
    }),
  );
}

function load(text: string, path: string): { document: Document; config: Record<string, unknown> } {
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw invalid(
      path,
      document.errors.map((error) => ({ path: "YAML", message: error.message.split("\n")[0] ?? "" })),
    );
  const config: unknown = (document.toJS() as { config?: unknown } | null)?.config ?? {};
  if (typeof config !== "object" || config === null)
    throw invalid(path, [{ path: "config", message: "must be a map of keys to values" }]);
  return { document, config: config as Record<string, unknown> };
}

const invalid = (path: string, faults: Issue[]): Failure =>
  new Failure(
    exitCodes.configInvalid,
    [
      `${path} is not valid; nothing was changed:`,
      ...faults.map((fault) => `  ${fault.path}: ${fault.message}`),
    ].join("\n"),
    { details: { faults } },
  );

/** What a step writes into a stack file. */
export interface StackChange {
  release?: Release;
  flags?: WrittenFlags | undefined;
  sizing?: WrittenSizing | undefined;
  heldFlags?: Settings["heldFlags"] | undefined;
}

/**
 * Writes `change` into the stack file; every other key stays byte for byte, and comments inside of a changed key stay.
 * The new text is written beside the file and renamed over it, so that no reader and no crash can see half of it.
 * Returns the new text.
 */
export function writeStackFile(path: string, change: StackChange): string {
  const before = readFileSync(path, "utf8");
  let text = before;
  for (const [key, value] of Object.entries(change))
    if (value !== undefined)
      text = withKey(text, configNamespace + key, JSON.parse(JSON.stringify(value)) as unknown);
  if (text !== before) replaceFile(path, text);
  return text;
}

/** `text` with `config.<key>` being `value`; the text itself when it is that already. */
export function withKey(text: string, key: string, value: unknown): string {
  const document = parseDocument(text);
  const config = document.get("config");
  const pair = isMap(config)
    ? config.items.find((item) => isScalar(item.key) && item.key.value === key)
    : undefined;
  const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  const end = isNode(pair?.value) ? pair.value.range?.[1] : undefined;
  if (start === undefined || end === undefined) {
    // A file without the key, or written in a way that has no place for it: the whole is written anew.
    return merge(document, ["config", key], value) ? document.toString({ lineWidth: 0 }) : text;
  }
  const indent = start - (text.lastIndexOf("\n", start - 1) + 1);
  const own = text.slice(start, end).replaceAll(`\n${" ".repeat(indent)}`, "\n");
  const block = parseDocument(own);
  if (!merge(block, [key], value)) return text;
  const written = block.toString({ lineWidth: 0, flowCollectionPadding: /\{ \S/.test(own) }).trimEnd();
  const body = written.replaceAll(/\n(?=.)/g, `\n${" ".repeat(indent)}`);
  // The value of a block ends after its last line; what follows must begin on a line of its own.
  return text.slice(0, start) + body + (own.endsWith("\n") ? "\n" : "") + text.slice(end);
}

/** Puts `text` at `path` in one move. */
export function replaceFile(path: string, text: string): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, text, { mode: 0o644 });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Sets what differs below `path`, key by key, so that comments beside what stays are kept. Returns whether anything did. */
function merge(document: Document, path: string[], value: unknown): boolean {
  const node = document.getIn(path, true);
  if (isMap(node) && typeof value === "object" && value !== null && !Array.isArray(value)) {
    let changed = false;
    for (const { key } of [...node.items]) {
      const name = isScalar(key) ? String(key.value) : String(key);
      if (name in value) continue;
      node.delete(key);
      changed = true;
    }
    if (node.items.length === 0) node.flow = Object.keys(value).length === 0;
    for (const [key, entry] of Object.entries(value))
      changed = merge(document, [...path, key], entry) || changed;
    return changed;
  }
  if (
    node !== undefined &&
    JSON.stringify(isNode(node) ? node.toJS(document) : node) === JSON.stringify(value)
  )
    return false;
  if (isScalar(node) && (typeof value !== "object" || value === null)) {
    node.value = value;
    delete node.source;
    delete node.type;
    quote(node);
    return true;
  }
  const created = document.createNode(value);
  visit(created, {
    Scalar(key, scalar) {
      if (key !== "key") quote(scalar);
    },
    Map(_, map) {
      if (map.items.length === 0) map.flow = true;
    },
  });
  document.setIn(path, created);
  return true;
}

/** Quotes a string unless it is a plain word: an all-digit revision, or a `no`, would come back as something else. */
function quote(scalar: Scalar): void {
  if (typeof scalar.value !== "string") return;
  const isWord =
    /^[A-Za-z][A-Za-z-]*$/.test(scalar.value) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(scalar.value);
  if (!isWord) scalar.type = Scalar.QUOTE_DOUBLE;
}
