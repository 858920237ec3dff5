import { execFile, type ExecFileException } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { leaseVariable, rollbackVariable } from "../../decisions/stack/names";
import type { HistoryEntry } from "../../decisions/stack/history";
import { exitCodes, Failure } from "../shell/failure";
import { redactText } from "../shell/redact";
import { readUpdate, type ChangedResource } from "./engineEvents";
import { streamed } from "./streamed";

export type { ChangedResource } from "./engineEvents";

const run = promisify(execFile);

/** Who holds the backend's lock on a stack, as far as the backend says. */
export interface LockOwner {
  text: string;
  host?: string;
  pid?: number;
}

/** The stack is locked by another update. */
export class StackLocked extends Error {
  constructor(readonly owners: LockOwner[]) {
    super(`The stack is locked by ${owners.map((owner) => owner.text).join("; ") || "another update"}.`);
    this.name = "StackLocked";
  }
}

/** An `up` that did not succeed. */
export class UpdateFailed extends Error {
  constructor(
    readonly diagnostics: string[],
    /** `refused`: the program or a policy said no before any resource was touched. */
    readonly kind: "refused" | "failed",
    cause: unknown,
  ) {
    super(diagnostics.join("\n") || "`pulumi up` failed and said nothing more; its output is above.", {
      cause,
    });
    this.name = "UpdateFailed";
  }
}

/** The Pulumi engine on one stack of the project. */
export interface Engine {
  /** Every entry of `pulumi stack history`, newest first, without secret values. */
  history(): Promise<HistoryEntry[]>;
  /** Resources whose operation never ended, because an update was killed. */
  pending(): Promise<string[]>;
  /** An output of another stack of this project; undefined when the stack or the output does not exist. */
  outputOf(stack: string, name: string): Promise<string | undefined>;
  /** Applies the project to the stack. Throws StackLocked or UpdateFailed. */
  up(args: UpArgs): Promise<ChangedResource[]>;
  /** Takes a dead process's lock off the stack. Only with proof that its owner is dead. */
  unlock(): Promise<void>;
}

/** Arguments of {@link Engine.up}. */
export interface UpArgs {
  message: string;
  /** Id of the lease under which the program is to run. */
  lease: string;
  /** Gets the engine's output line by line. */
  output: (line: string) => void;
  /** Part of the way back out of a bad release: policies only report, and roles of the database stay as they are. */
  isRollback: boolean;
  /** Interrupts the update: what is under way is finished, nothing new is begun. */
  signal: AbortSignal;
}

const pages = 100;

/** Longest that a question to the backend may take, seconds. `up` takes as long as its resources, which have their own limits. */
const backendPatience = 120;

/** The engine of the `pulumi` on PATH, for `stack` of the project in `root`. Why not by the Automation API: docs/adr/0011. */
export const createEngine = (root: string, stack: string, patience = backendPatience): Engine =>
  new PulumiEngine(root, stack, patience);

class PulumiEngine implements Engine {
  /** Whether history said that there is no such stack yet. */
  private isNew = false;
  /** Questions for another stack's outputs that are under way. */
  private readonly outputs = new Map<string, Promise<string>>();

  constructor(
    private readonly root: string,
    private readonly stack: string,
    private readonly patience: number,
  ) {}

  async history(): Promise<HistoryEntry[]> {
    const entries: HistoryEntry[] = [];
    for (let page = 1; ; page++) {
      const words = ["--json", "--stack", this.stack, "--page-size", String(pages), "--page", String(page)];
      let text: string;
      try {
        text = await this.pulumi("stack", "history", ...words);
      } catch (error) {
        if (!isNoStack(error)) throw error;
        this.isNew = true;
        return [];
      }
      const found = JSON.parse(text || "[]") as HistoryEntry[];
      entries.push(...found);
      if (found.length < pages) return entries;
    }
  }

  async pending(): Promise<string[]> {
    const exported = exportedStack.parse(
      JSON.parse(await this.pulumi("stack", "export", "--stack", this.stack)),
    );
    return (exported.deployment.pending_operations ?? []).map(
      ({ type, resource }) => `${type} ${resource.urn}`,
    );
  }

  async outputOf(stack: string, name: string): Promise<string | undefined> {
    // Two outputs that are asked for at the same time are one question.
    const asked = this.outputs.get(stack) ?? this.pulumi("stack", "output", "--json", "--stack", stack);
    this.outputs.set(stack, asked);
    try {
      const value = (JSON.parse(await asked) as Record<string, unknown>)[name];
      return typeof value === "string" ? value : undefined;
    } catch (error) {
      if (isNoStack(error)) return undefined;
      throw error;
    } finally {
      this.outputs.delete(stack);
    }
  }

  async up({ message, lease, isRollback, output, signal }: UpArgs): Promise<ChangedResource[]> {
    if (this.isNew) await this.pulumi("stack", "init", "--stack", this.stack);
    this.isNew = false;
    const folder = mkdtempSync(join(tmpdir(), "deployment-safety-events-"));
    const events = join(folder, "events");
    const words = ["--yes", "--skip-preview", "--non-interactive", "--color", "never", "--stack", this.stack];
    if (isRollback) words.push(...withoutRoles);
    words.push("--message", redactText(message), "--event-log", events);
    try {
      const { code, text } = await streamed("pulumi", ["up", ...words], {
        folder: this.root,
        // Without the third `pulumi` does not know the flag --event-log.
        environment: {
          [leaseVariable]: lease,
          PULUMI_SKIP_UPDATE_CHECK: "true",
          PULUMI_DEBUG_COMMANDS: "true",
          ...(isRollback ? { ...onlyReporting(folder), [rollbackVariable]: "1" } : {}),
        },
        output,
        signal,
      });
      const { changed, diagnostics, isRefusal } = readUpdate(events);
      if (code === 0) return changed;
      if (/currently locked by|Another update is currently in progress/.test(text))
        throw new StackLocked(lockOwners(text));
      const end = text.trimEnd().split("\n").slice(-10).join("\n");
      throw new UpdateFailed(
        diagnostics,
        isRefusal && changed.length === 0 ? "refused" : "failed",
        new Error(`pulumi up ended with ${code}:\n${end}`),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async unlock(): Promise<void> {
    await this.pulumi("cancel", "--yes", "--stack", this.stack);
  }

  private async pulumi(...args: string[]): Promise<string> {
    try {
      const { stdout } = await run("pulumi", [...args, "--non-interactive"], {
        cwd: this.root,
        maxBuffer: 256 * 1024 * 1024,
        timeout: this.patience * 1000,
        killSignal: "SIGKILL",
        env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
      });
      return stdout;
    } catch (error) {
      const {
        stderr = "",
        code,
        killed,
      } = error as Omit<Partial<ExecFileException>, "code"> & { code?: unknown };
      if (code === "ENOENT")
        throw new Failure(
          exitCodes.usage,
          "There is no `pulumi` on PATH. `make doctor` says how to get it.",
          { cause: error },
        );
      const why = killed
        ? `did not end within ${this.patience} s`
        : `failed: ${stderr.trim() || String(error)}`;
      throw new Error(`\`pulumi ${args.join(" ")}\` ${why}`, { cause: error });
    }
  }
}

const isNoStack = (error: unknown): boolean => /no stack named/.test(String(error));

/** Leaves out what is made in the database, which may be what is down: docs/adr/0018. */
const withoutRoles = ["--exclude", "**$postgresql:**"];

/** Makes every policy advisory, for as many packs as the environment loads; why: docs/adr/0016. */
function onlyReporting(folder: string): Record<string, string> {
  const packs = process.env.PULUMI_OPTION_POLICY_PACK;
  if (!packs) return {};
  const file = join(folder, "policies.json");
  writeFileSync(file, JSON.stringify({ all: "advisory" }));
  return {
    PULUMI_OPTION_POLICY_PACK_CONFIG: packs
      .split(",")
      .map(() => file)
      .join(","),
  };
}

const exportedStack = z.object({
  deployment: z.object({
    pending_operations: z
      .array(z.object({ type: z.string(), resource: z.object({ urn: z.string() }) }))
      .nullish(),
  }),
});

/** Owners named by the file backend's message: `created by <user>@<host> (pid <n>) at <time>`. */
export function lockOwners(message: string): LockOwner[] {
  const found = [...message.matchAll(/created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/g)];
  const owners = found.map(([, user = "", host = "", pid = "", at = ""]): [string, LockOwner] => [
    pid,
    { text: `${user}@${host} (pid ${pid}) since ${at}`, host, pid: Number(pid) },
  ]);
  // The message comes on stdout and on stderr, so each owner is in it twice.
  return [...new Map(owners).values()];
}
