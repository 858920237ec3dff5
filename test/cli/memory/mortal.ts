import type { UpArgs } from "../../../cli/ports/engine";
import type { Run } from "../../../cli/shell/catalogue";
import type { Raw } from "../../../cli/shell/options";
import { parameters as paths } from "../../../decisions/stack/names";
import { deadProcess } from "./engine";
import type { MemoryStack } from "./stack";

/** What of a change is done when its process is killed; `moved` and `published` are about updates (see MemoryEngine). */
export type Death = "before" | "moved" | "published" | "after";

/** Where a process is killed: at its change with this number, from 1. */
export interface Kill {
  at: number;
  when: Death;
}

/** Methods by which a command changes something, by port. */
const changing: Record<string, readonly string[]> = {
  parameters: ["put", "create", "remove"],
  loadBalancer: ["set"],
  engine: ["up", "unlock"],
};

/**
 * Runs a command in a process that is killed as told. From then on nothing that it began does anything or ever ends. Its
 * lease names a process that is dead.
 * @returns what it changed, `<method> <what>` each, and whether it was killed rather than ended by itself
 */
export async function runMortal(
  stack: MemoryStack,
  name: string,
  run: Run,
  kill: Kill | undefined,
  options: Raw = {},
): Promise<{ changes: string[]; isKilled: boolean }> {
  const changes: string[] = [];
  const ctx = stack.context(name, options);
  const never = new Promise<never>(() => undefined);
  let die: () => void = () => undefined;
  let isDead = false;
  const died = new Promise<void>((resolve) => {
    die = () => {
      isDead = true;
      resolve();
    };
  });
  const mortal = <T extends object>(port: T, changes_: readonly string[] = []): T =>
    new Proxy(port, {
      get(target, key) {
        const method = Reflect.get(target, key) as unknown;
        if (typeof method !== "function" || key === "now") return method;
        return async (...args: unknown[]) => {
          if (isDead) return never;
          const isChange = changes_.includes(String(key));
          if (isChange) changes.push(`${String(key)} ${describe(args)}`);
          const isLast = isChange && kill?.at === changes.length;
          if (isLast && kill.when !== "after") {
            if (key === "up" && kill.when !== "before") stack.engine.applyHalf(args[0] as UpArgs, kill.when);
            die();
            return never;
          }
          const result = (await method.apply(target, args)) as unknown;
          if (isLast) die();
          return isDead ? never : result;
        };
      },
    });
  const ports = [
    "parameters",
    "loadBalancer",
    "traffic",
    "metrics",
    "alarms",
    "cluster",
    "engine",
    "clock",
  ] as const;
  const mortals = ports.map((port) => [port, mortal(ctx[port], changing[port])]);
  const ended = run({ ...ctx, ...(Object.fromEntries(mortals) as Partial<typeof ctx>) }).catch(
    () => undefined,
  );
  await Promise.race([died, ended]);
  const path = paths.lease(ctx.stack);
  const lease = stack.parameters.get(path);
  if (lease)
    stack.parameters.set(path, JSON.stringify({ ...(JSON.parse(lease) as object), pid: deadProcess }));
  return { changes, isKilled: isDead };
}

const describe = ([first]: unknown[]): string =>
  typeof first === "object" && first && "message" in first
    ? (String(first.message).split("\n")[0] ?? "")
    : String(first);
