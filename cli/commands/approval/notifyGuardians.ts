import { shown } from "../../../decisions/approval/changeWindow";
import { guardianNotice } from "../../../decisions/incident/guardianMessages";
import { approvalDetails } from "../../../decisions/approval/irreversibleChange";
import { parameters as paths } from "../../../decisions/stack/names";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { irreversibleChangeNow } from "../../approval/irreversible";
import { makeLine } from "../../shell/options";
import { deliverMessages, notify, waitsFor } from "../../incident/notify";

/**
 * Notifies guardians, in English and Arabic, of an approved change that affects them, and records that. Each notice is sent
 * once: run again, this sends only what still waits.
 */
export async function run(ctx: Context): Promise<void> {
  const { change, settings } = await irreversibleChangeNow(ctx);
  const { subject, sha256, notice, approval } = change;
  if (!settings.comms)
    throw new Failure(
      exitCodes.usage,
      `Stack ${ctx.stack} has no \`comms\`, so nobody can be notified. Nothing was sent.`,
    );
  const read = approval.ok ? approvalDetails.safeParse(approval.evidence.details) : undefined;
  if (!approval.ok || !read?.success || approval.evidence.sha256 !== sha256)
    throw new Failure(
      exitCodes.refused,
      `The current content of ${subject} is not approved, so its window is not known: ${approval.ok ? "it was edited since" : approval.reasons.join("; ")}. Nothing was sent.`,
      { next: makeLine(ctx.stack, "approve", { CHANGE: subject, REASON: "<why>" }) },
    );
  const { window, minutes } = read.data;
  const [from, to] = [new Date(window.from), new Date(window.to)];
  const { zone, noticeHours } = settings.changeWindow;
  const isSame = notice?.sha256 === sha256 && notice.from === window.from && notice.to === window.to;
  if (isSame && notice.sentAt) {
    ctx.output.print(
      `Guardians were notified at ${shown(new Date(notice.sentAt), zone)}; nothing was sent again.`,
    );
    return done(ctx, from);
  }
  const impact = readRevisionFiles(ctx.root).files.get(subject)?.impact;
  const message = guardianNotice({
    comms: settings.comms,
    what: {
      en: ctx.options.text ?? impact ?? "a change to the data of guardians.",
      ar: ctx.options.textArabic ?? "تعديل في بيانات أولياء الأمور.",
    },
    from,
    to,
    minutes,
    zone,
  });
  ctx.output.set("notice", message);
  if (ctx.options.dryRun) {
    ctx.output.print(`Would send to guardians:\n${message.subject}\n\n${message.text}`);
    return;
  }
  const path = paths.evidence(ctx.stack, "notice", subject);
  const value = { subject, sha256, from: window.from, to: window.to };
  const reached = waitsFor(ctx, path, value)
    ? await deliverMessages(ctx)
    : await notify(ctx, { audience: "guardians", ...message }, { path, value });
  ctx.output.set("reached", reached);
  if (!reached.includes("topic"))
    throw new Failure(
      exitCodes.unexpected,
      `The notice could not be sent yet. It waits on this machine, and the hours of notice begin only once it is sent.`,
      { next: makeLine(ctx.stack, "notify-guardians", { CHANGE: subject }) },
    );
  ctx.output.print(
    `Sent to guardians by ${reached.join(" and ")}. The change may run ${noticeHours} hours from now at the earliest.`,
  );
  return done(ctx, from);
}

function done(ctx: Context, from: Date): void {
  ctx.output.set("windowFrom", from.toISOString());
  ctx.output.next(makeLine(ctx.stack, "status"));
}
