import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { parse } from "yaml";
import {
  StackLocked,
  UpdateFailed,
  type ChangedResource,
  type Engine,
  type LockOwner,
  type UpArgs,
} from "../../../cli/ports/engine";
import { readStackFile } from "../../../cli/ports/stackFile";
import { admit } from "../../../decisions/release/admission";
import { heldMark } from "../../../decisions/flags/heldFlags";
import type { Release } from "../../../decisions/stack/config";
import type { HistoryEntry } from "../../../decisions/stack/history";
import { parameterRoot, parameters as paths } from "../../../decisions/stack/names";
import { readParameters, transitionFacts } from "../../../decisions/stack/parameters";
import { routingFor } from "../../../decisions/traffic/routing";
import type { memoryParameters } from "../fakes";
import type { MemoryClock } from "./clock";
import type { MemoryCloud } from "./cloud";

/** A process id that no process has: it is above the kernel's limit. */
export const deadProcess = 4_194_305;

/** What the engine works on. */
export interface EngineArgs {
  root: string;
  stack: string;
  file: string;
  clock: MemoryClock;
  cloud: MemoryCloud;
  parameters: ReturnType<typeof memoryParameters>;
}

/**
 * The engine over a real stack file: it admits by the program's own rules, then runs the release, moves the rule, publishes
 * and adds to history. What is between two of these is a test's to break, by {@link failing}.
 */
export class MemoryEngine implements Engine {
  readonly entries: HistoryEntry[] = [];
  readonly ups: UpArgs[] = [];
  /** Outputs of other stacks, by `<stack>/<name>`. */
  readonly outputs = new Map<string, string>();
  /** Resources whose operation never ended. */
  pendingOperations: string[] = [];
  unlocked = 0;
  /** Who has the backend's lock: every update is turned away until it is cleared. */
  lockedBy: LockOwner[] | undefined;
  /** What the next updates do instead, one after the other; `undefined`: succeed. */
  readonly failing: ((args: UpArgs) => Promise<void> | void)[] = [];

  constructor(private readonly args: EngineArgs) {}

  history = async (): Promise<HistoryEntry[]> => [...this.entries];
  pending = async (): Promise<string[]> => this.pendingOperations;
  outputOf = async (stack: string, name: string): Promise<string | undefined> =>
    this.outputs.get(`${stack}/${name}`);
  async unlock(): Promise<void> {
    this.unlocked++;
    this.lockedBy = undefined;
  }

  async up(args: UpArgs): Promise<ChangedResource[]> {
    this.ups.push(args);
    if (this.lockedBy) throw new StackLocked(this.lockedBy);
    try {
      await this.failing.shift()?.(args);
    } catch (error) {
      if (error instanceof UpdateFailed && error.kind === "failed") this.record(args.message, "failed");
      throw error;
    }
    this.admit(args);
    this.apply(args.message);
    return [{ operation: "update", type: "test:memory:Release", name: "release" }];
  }

  /** Applies what the file says, asking nobody. */
  apply = (message: string): void => {
    this.publish();
    this.pendingOperations = [];
    this.record(message, "succeeded");
  };

  /**
   * An update that is killed, and leaves its lock and an operation that did not end: the rule has moved, and with
   * `published` the release is published too, which is what an update does last.
   */
  applyHalf = (args: UpArgs, reached: "moved" | "published"): void => {
    this.admit(args);
    if (reached === "published") this.publish();
    else this.move();
    this.pendingOperations = ["updating urn:pulumi:prod::school::release"];
    this.lockedBy = [{ text: `ada@${hostname()} (pid ${deadProcess})`, host: hostname(), pid: deadProcess }];
  };

  private move(): Release {
    const { root, stack, cloud } = this.args;
    const { release } = readStackFile(root, stack).settings;
    cloud.running = release;
    cloud.routing = routingFor(release);
    return release;
  }

  private publish(): void {
    const { root, stack, parameters } = this.args;
    const release = this.move();
    const { heldFlags, flags } = readStackFile(root, stack).settings;
    for (const name of Object.keys(flags)) {
      const reason = heldFlags[name]?.reason;
      parameters.values.set(
        paths.flag(stack, name),
        JSON.stringify({ metadata: { ...(reason && { [heldMark]: reason }) } }),
      );
    }
    parameters.values.set(paths.release(stack), JSON.stringify(release));
  }

  private admit({ lease }: UpArgs): void {
    const { root, stack, parameters, clock } = this.args;
    const { release: next, promotedFrom } = readStackFile(root, stack).settings;
    const published = readParameters(
      stack,
      new Map([...parameters.values].filter(([path]) => path.startsWith(parameterRoot(stack)))),
    );
    const admitted = admit({
      published: published.release,
      next,
      facts: transitionFacts(published, next, {
        requiresStaging: promotedFrom !== undefined,
        promotedFrom,
        stagingValidated: this.outputs.get(`${promotedFrom}/validated`),
      }),
      lease: published.lease,
      ownLease: lease,
      now: clock.now(),
    });
    if (!admitted.ok) throw new UpdateFailed(admitted.reasons, "refused", undefined);
  }

  private record(message: string, result: HistoryEntry["result"]): void {
    const { file, clock } = this.args;
    const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
    // No two begin at one instant: the records know an update by its start.
    const earliest = Date.parse(this.entries[0]?.startTime ?? "1970-01-01") + 1;
    const at = new Date(Math.max(clock.now().getTime(), earliest)).toISOString();
    this.entries.unshift({
      version: 0,
      kind: "update",
      result,
      startTime: at,
      endTime: at,
      message,
      config: Object.fromEntries(
        Object.entries(config).map(([key, value]) => [
          key,
          { value: typeof value === "string" ? value : JSON.stringify(value), secret: false },
        ]),
      ),
    });
  }
}
