import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../../../bench/drill/cluster";
import { systemClock } from "../../../cli/ports/clock";
import type { Context } from "../../../cli/shell/context";
import * as drill from "../../../cli/commands/recovery/drill";
import * as restore from "../../../cli/commands/recovery/restore";
import type { Parameters } from "../../../cli/ports/parameters";
import { served, settingsWith } from "../../decisions/samples";
import { quietOutput } from "../../cli/fakes";
import type { OutputStep, StepKind } from "../../../cli/shell/output";

/** The commands of recovery on a server and parameters that outlive the process which runs them. */
export const commands = { drill, restore };

/** What a process has to know to run one. */
export interface Place {
  command: keyof typeof commands;
  /** TO of a restore. */
  to?: string;
  /** REMOVE of a restore. */
  remove?: string;
  cluster: Pick<Cluster, "folder" | "live" | "recovery">;
}

/** Parameters in files, one each. */
export function fileParameters(folder: string, done: (what: string) => void = () => undefined): Parameters {
  mkdirSync(folder, { recursive: true });
  const file = (path: string) => join(folder, encodeURIComponent(path));
  const names = () => readdirSync(folder).map(decodeURIComponent);
  const read = (path: string) => (existsSync(file(path)) ? readFileSync(file(path), "utf8") : undefined);
  return {
    readAll: async (root) =>
      new Map(names().flatMap((name) => (name.startsWith(root) ? [[name, read(name) ?? ""]] : []))),
    read: async (path) => read(path),
    put: async (path, value) => {
      writeFileSync(file(path), value);
      done(`wrote ${path}`);
    },
    create: async (path, value) => {
      if (existsSync(file(path))) return false;
      writeFileSync(file(path), value);
      done(`wrote ${path}`);
      return true;
    },
    remove: async (path) => {
      rmSync(file(path), { force: true });
      done(`removed ${path}`);
    },
  };
}

/** Folder of the parameters of a cluster. */
export const parametersOf = ({ folder }: Pick<Cluster, "folder">): string => `${folder}-parameters`;

/** A context as far as these commands need one. `done` is told of each step that begins and each parameter that was written. */
export function contextOf(
  place: Place,
  done: (what: string) => void = () => undefined,
): Context & {
  output: ReturnType<typeof quietOutput>;
} {
  const { command, cluster, to, remove } = place;
  const { host, port, user, database } = cluster.live;
  process.env.DATABASE_URL = `postgresql://${user}@${host}:${port}/${database}`;
  const output = quietOutput();
  const settings = settingsWith(served());
  settings.database.recovery = cluster.recovery;
  const context = {
    command,
    stack: "prod",
    root: process.cwd(),
    options: { actor: "ada", yes: true, ...(to && { to }), ...(remove && { remove }) },
    output: {
      ...output,
      step: async <T>(kind: StepKind, name: string, action: (entry: OutputStep) => Promise<T>) => {
        done(`step ${name.replaceAll(/\d{4}-?\d\d-?\d\d[tT]\S+/g, "…")}`);
        return output.step(kind, name, action);
      },
    },
    signal: new AbortController().signal,
    abort: (reason: Error) => {
      throw reason;
    },
    settings,
    clock: systemClock,
    parameters: fileParameters(parametersOf(cluster), done),
  };
  // The other parts are for releases.
  return context as unknown as ReturnType<typeof contextOf>;
}
