import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../shell/context";
import { createSpool, type Spool } from "./spool";

/** A stack's spools on this machine, below the project's root; git ignores them. */

type Place = Pick<Context, "root" | "stack">;

const folderOf = ({ root, stack }: Place): string => join(root, ".deployment-safety", "spool", stack);

/** A spool of the stack: `records`, or `comms-` and a channel. */
export const spoolIn = (ctx: Place, name: string): Spool => createSpool(join(folderOf(ctx), name));

/** Names of the stack's spools on this machine, the records first. */
export function spoolsIn(ctx: Place): string[] {
  try {
    return readdirSync(folderOf(ctx)).sort().reverse();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
