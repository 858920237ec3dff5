import { makeLine } from "../../shell/options";
import type { Context } from "../../shell/context";
import { readStatus, statusFields } from "./readStatus";
import { statusLines } from "./statusText";

/** What runs where, and what may be gone back to. Changes nothing; a part that cannot be read says so. */
export async function run(ctx: Context): Promise<void> {
  const status = await readStatus(ctx);
  for (const [name, value] of Object.entries(statusFields(status))) ctx.output.set(name, value);
  ctx.output.print(
    statusLines(status)
      .map(({ label, text, mood }) => {
        const line = `${label.padEnd(12)} ${text}`;
        return mood ? ctx.output.paint(mood === "bad" ? "red" : "yellow", line) : line;
      })
      .join("\n"),
  );
  // What is bad is what came last: the canary while there is one, else what is live.
  const { release, targets } = status;
  const live = release?.slots[release.live]?.version;
  const isCanary = release !== undefined && release.canaryWeight > 0;
  const back = targets.find(({ version }) => (version === live) === isCanary);
  if (back) ctx.output.next(makeLine(ctx.stack, "rollback", { VERSION: back.version }));
}
