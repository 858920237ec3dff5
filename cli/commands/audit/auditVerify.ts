import type { AuditEvent } from "../../../decisions/audit/auditChain";
import { auditIssues } from "../../../decisions/audit/auditIssues";
import { parameters as paths } from "../../../decisions/stack/names";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { readHead, recordsOf, withRecords } from "../../audit/recordCommand";

/** How many issues are printed; the JSON has all. */
const shownIssues = 20;

/** Checks the audit trail from its first event to its anchored end. Throws refused (4) with every issue. */
export async function run(ctx: Context): Promise<void> {
  if (!ctx.settings.reporting)
    throw new Failure(exitCodes.usage, `Stack ${ctx.stack} has no \`reporting\`, so it keeps no records.`);
  const head = readHead(await ctx.parameters.read(paths.auditHead(ctx.stack)));
  const events: AuditEvent[] = [];
  await withRecords(ctx, async (trail) => {
    for await (const some of trail.events()) events.push(...some);
  });
  const issues = auditIssues(events, head);
  const waiting = recordsOf(ctx).waiting().length;
  ctx.output.set("events", events.length);
  ctx.output.set("head", head);
  ctx.output.set("waiting", waiting);
  ctx.output.set("faults", issues);
  if (issues.length > 0)
    throw new Failure(
      exitCodes.refused,
      [
        `The audit trail of stack ${ctx.stack} has ${issues.length} issue(s):`,
        ...issues.slice(0, shownIssues).map(({ kind, text }) => `  ${kind}: ${text}`),
        ...(issues.length > shownIssues ? [`  and ${issues.length - shownIssues} more, in JSON=1`] : []),
      ].join("\n"),
    );
  ctx.output.print(
    `${events.length} events form an unbroken chain${head ? `, and event ${head.number} is the one anchored outside of the database` : "; none is anchored yet"}.${waiting > 0 ? ` ${waiting} wait on this machine.` : ""}`,
  );
}
