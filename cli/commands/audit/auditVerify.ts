import { type AuditEvent } from "../../../decisions/audit/auditChain";
import { auditIssues } from "../../../decisions/audit/auditIssues";
import { parameters as paths } from "../../../decisions/stack/names";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { openReporting } from "../../ports/auditTrail";
import { readHead, recordsOf, recordsUrl } from "../../audit/recordCommand";

/** Faults that are printed; the JSON has all. */
const shownFaults = 20;

/** Checks the audit trail from its first event to its anchored end; every fault is named, and the command is refused (4). */
export async function run(ctx: Context): Promise<void> {
  if (!ctx.settings.reporting)
    throw new Failure(exitCodes.usage, `Stack ${ctx.stack} has no \`reporting\`, so it keeps no records.`);
  const head = readHead(await ctx.parameters.read(paths.auditHead(ctx.stack)));
  const reporting = await openReporting(await recordsUrl(ctx));
  const events: AuditEvent[] = [];
  try {
    for await (const some of reporting.events()) events.push(...some);
  } finally {
    await reporting.end();
  }
  const faults = auditIssues(events, head);
  const waiting = recordsOf(ctx).waiting().length;
  ctx.output.set("events", events.length);
  ctx.output.set("head", head);
  ctx.output.set("waiting", waiting);
  ctx.output.set("faults", faults);
  if (faults.length > 0)
    throw new Failure(
      exitCodes.refused,
      [
        `The audit trail of stack ${ctx.stack} has ${faults.length} fault(s):`,
        ...faults.slice(0, shownFaults).map(({ kind, text }) => `  ${kind}: ${text}`),
        ...(faults.length > shownFaults ? [`  and ${faults.length - shownFaults} more, in JSON=1`] : []),
      ].join("\n"),
    );
  ctx.output.print(
    `${events.length} events hang together${head ? `, and event ${head.number} is the one that was kept outside of the database` : "; none is anchored yet"}.${waiting > 0 ? ` ${waiting} wait on this machine.` : ""}`,
  );
}
