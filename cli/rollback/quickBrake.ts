import { schemaPlan } from "../../decisions/database/schemaPlan";
import { slots } from "../../decisions/stack/names";
import { quickOrder, type BrakeOrder } from "../../decisions/traffic/brakeOrder";
import { readRevisionsBetween } from "../../repository/database/revisionsBetween";
import { readPublished, type Context } from "../shell/context";

/**
 * The order for the brake before anything is planned: {@link quickOrder} from two reads, so that traffic moves within a
 * second or two. Only where the database is at another revision than the slot's code needs does history say whether that
 * is proved to work.
 */
export async function readQuickOrder(
  ctx: Context,
  version: string,
  reason: string,
): Promise<BrakeOrder | undefined> {
  const [published, route] = await Promise.all([
    readPublished(ctx).catch(() => undefined),
    ctx.loadBalancer.route(ctx.signal),
  ]);
  if (!route || !published?.release) return undefined;
  const order = quickOrder(published, route.routing, version, reason);
  const target = order && published.release.slots[order.good];
  const at = published.release.migration?.revision;
  if (!target || target.revision === at) return order;
  const { kind } = schemaPlan({
    target,
    at,
    asked: ctx.options.database,
    loss: ctx.options.loss,
    history: await ctx.engine.history(),
    between: (to, from) => readRevisionsBetween(ctx.root, ctx.settings, to, from),
  });
  if (kind === "down") return { ...order, stopWorkers: [...slots], pause: true };
  return kind === "none" || kind === "keep" ? order : undefined;
}
