import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { alarmQueue } from "../decisions/alarms/alarm";
import { writeHandedOver, type HandedOver } from "../decisions/handedOver";
import type { Context } from "./context";
import { messageOf } from "./failure";
import { send } from "./ports/alarmQueue";
import { createSpool } from "./spool";
import { spoolFolder } from "./tell";

/** Seconds that a command gives to handing over. */
const patience = 20;

/**
 * On a machine that is gone once the command has ended (EPHEMERAL=1, a pipeline's runner): puts what waits there for
 * delivery into the stack's queue, where the next command on any machine finds it. Never fails; what the queue does not
 * take stays, and is said.
 */
export async function handOver(
  ctx: Pick<Context, "root" | "stack" | "settings" | "file" | "report">,
): Promise<void> {
  const signal = AbortSignal.timeout(patience * 1000);
  const name = alarmQueue(ctx.settings.application.name, ctx.stack);
  for (const spool of spoolsOf(ctx)) {
    const { delivered, left, error, busy } = await createSpool(spoolFolder(ctx.root, ctx.stack, spool)).flush(
      (content, id, order) =>
        send(
          process.env.AWS_REGION ?? ctx.file.region,
          name,
          writeHandedOver({ spool, id, order, content }),
          signal,
        ),
    );
    if (delivered > 0)
      ctx.report.say(
        `${delivered} of ${spool} handed over to the queue ${name}: the next command delivers them`,
      );
    if (left > 0)
      ctx.report.warn(
        `${left} of ${spool} wait in .deployment-safety and nowhere else, so keep that folder: ${busy ? "they are being delivered" : messageOf(error)}`,
      );
  }
}

/** Puts what another machine handed over into this one's spool. */
export const takeOver = (ctx: Pick<Context, "root" | "stack">, { spool, ...item }: HandedOver): void =>
  createSpool(spoolFolder(ctx.root, ctx.stack, spool)).takeOver(item);

/** Names of the stack's spools on this machine. */
function spoolsOf(ctx: Pick<Context, "root" | "stack">): string[] {
  try {
    return readdirSync(dirname(spoolFolder(ctx.root, ctx.stack, "any"))).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
