import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach } from "vitest";
import { stringify } from "yaml";
import { readStackFile, withKey } from "../../../cli/ports/stackFile";
import type { Context } from "../../../cli/shell/context";
import { readOptions, type Raw } from "../../../cli/shell/options";
import type { Release } from "../../../decisions/stack/config";
import { parameters as paths } from "../../../decisions/stack/names";
import { hex } from "../../../decisions/release/digest";
import { readMessage } from "../../../decisions/stack/updateMessage";
import { emptyRelease, releaseAfter } from "../../../decisions/release/nextRelease";
import { record, sample, written } from "../../decisions/samples";
import { memoryParameters, quietOutput } from "../fakes";
import { MemoryClock } from "./clock";
import { MemoryCloud } from "./cloud";
import { MemoryEngine } from "./engine";

const project = resolve(__dirname, "../../..");

/** Revision of the example that all releases here need: the first one, which has a proof. */
export const revision = "8c0d1b2e";

/** Release 1.1.0 live, validated and open in slot blue; green is empty. */
export function live(): Release {
  const migrated = releaseAfter.migrate(emptyRelease(), { revision, image: sample(1).image });
  return releaseAfter.validate(releaseAfter.first(migrated, sample(1, revision)));
}

/** What a deploy of release `1.<n>.0` leaves after each of its steps. */
export function stepsTo(from: Release, n: number) {
  const loaded = releaseAfter.load(from, sample(n, revision));
  const canary = releaseAfter.canary(loaded);
  const promoted = releaseAfter.promote(canary);
  return { loaded, canary, promoted, validated: releaseAfter.validate(promoted) };
}

const folders: string[] = [];
const folderFor = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "deployment-safety-memory-"));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/**
 * A repository with the example's revisions, their proofs and the records of four releases: proofs count as they are
 * committed. Made once and copied, because making it takes longer than most tests.
 */
let template: string | undefined;
afterAll(() => {
  if (template !== undefined) rmSync(template, { recursive: true, force: true });
  template = undefined;
});
function makeTemplate(): string {
  const root = mkdtempSync(join(tmpdir(), "deployment-safety-memory-"));
  for (const name of ["Pulumi.yaml", "migrations", "evidence"])
    cpSync(join(project, name), join(root, name), { recursive: true });
  mkdirSync(join(root, "releases"));
  for (const n of [1, 2, 3, 4])
    writeFileSync(join(root, `releases/1.${n}.0.json`), JSON.stringify(record(n, revision)));
  const git = (...words: string[]) =>
    execFileSync("git", ["-c", "user.name=Bo", "-c", "user.email=bo@example.com", ...words], { cwd: root });
  // Without the samples of hooks, which would be copied with each stack.
  git("init", "--quiet", "--template=");
  git("add", ".");
  git("-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "a project");
  return root;
}

/** What {@link memoryStack} starts from. */
export interface MemoryStackArgs {
  /** Options as they are typed; ACTOR is ada unless they say otherwise. */
  options?: Raw;
  /** Keys of the stack file beside those of the samples. */
  config?: Record<string, unknown>;
  /** Name. Default `prod`. */
  stack?: string;
  /** Name of the command. Default `deploy`. */
  command?: string;
}

/**
 * A project on disk with one stack whose outside world is in memory, where `releases` were applied, oldest first. The
 * records `releases/1.1.0.json` to `1.4.0.json` are there, and the example's revisions with their proofs.
 */
export function memoryStack(args: MemoryStackArgs, first: Release, ...later: Release[]) {
  const { stack = "prod", command = "deploy", options = {}, config = {} } = args;
  const root = folderFor();
  cpSync((template ??= makeTemplate()), root, { recursive: true });
  const file = join(root, `Pulumi.${stack}.yaml`);
  const keys = Object.entries(written(first, config)).map(([key, value]) => [
    `deployment-safety:${key}`,
    value,
  ]);
  writeFileSync(
    file,
    stringify({
      config: { "aws:region": "eu-central-1", ...(Object.fromEntries(keys) as Record<string, unknown>) },
    }),
  );

  const clock = new MemoryClock();
  const cloud = new MemoryCloud(clock);
  const parameters = memoryParameters();
  const engine = new MemoryEngine({ root, stack, file, clock, cloud, parameters });
  /** Writes a release into the stack file, as a person does. */
  const write = (release: Release) =>
    writeFileSync(file, withKey(readFileSync(file, "utf8"), "deployment-safety:release", release));
  for (const release of [first, ...later]) {
    write(release);
    engine.apply("");
    if (release.validated)
      parameters.values.set(
        paths.evidence(stack, "validated", hex(release.validated)),
        JSON.stringify({ digest: release.validated }),
      );
  }

  const abort = new AbortController();
  const output = quietOutput();
  /** The context of one command, as main makes it from what is on disk then. */
  const context = (name = command, more: Raw = {}): Context => {
    const read = readStackFile(root, stack);
    return {
      command: name,
      root,
      stack,
      options: readOptions({ actor: "ada", yes: true, stack, ...options, ...more }, {}),
      output,
      signal: abort.signal,
      abort: (reason) => abort.abort(reason),
      stopUpdates: abort.signal,
      file: read,
      settings: read.settings,
      parameters,
      loadBalancer: cloud,
      traffic: cloud,
      metrics: cloud,
      alarms: cloud,
      cluster: cloud,
      engine,
      clock,
    };
  };
  return {
    root,
    file,
    clock,
    cloud,
    parameters: parameters.values,
    engine,
    abort,
    output,
    said: output.said,
    write,
    context,
    /** The release as published. */
    published: () => JSON.parse(parameters.values.get(paths.release(stack)) ?? "null") as Release,
    /** The release as the file has it. */
    inFile: () => readStackFile(root, stack).settings.release,
    /** The commands' updates, oldest first, as `<operation> <step>`. */
    steps: () =>
      engine.entries
        .toReversed()
        .flatMap(({ message }) => readMessage(message).note ?? [])
        .map((note) => `${note.operation} ${note.step}`),
  };
}

export type MemoryStack = ReturnType<typeof memoryStack>;
