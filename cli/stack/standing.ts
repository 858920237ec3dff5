import { readPublished, type Context } from "../shell/context";
import type { Operation } from "./operation";

/** Where a stack stands: what is applied, and what history and parameters say. Plans are made from it. */
export type Standing = Pick<Operation, "ctx" | "current" | "history" | "published">;

/** Reads it without the lease. */
export async function readStanding(ctx: Context): Promise<Standing> {
  const [history, published] = await Promise.all([ctx.engine.history(), readPublished(ctx)]);
  return { ctx, history, published, current: published.release ?? ctx.settings.release };
}
