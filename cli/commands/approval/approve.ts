import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readTime, shown, windowAt, type ChangeCalendar } from "../../../decisions/approval/changeWindow";
import { evidencePath, isSamePerson, type Evidence } from "../../../decisions/approval/evidence";
import {
  rulesHash,
  type ApprovalDetails,
  type IrreversibleChange,
} from "../../../decisions/approval/irreversibleChange";
import { rulesOf } from "../../../repository/approval/irreversible";
import { gitIdentity } from "../../../repository/stack/git";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { irreversibleChangeNow } from "../../approval/irreversible";
import { makeLine } from "../../shell/options";
import { replaceFile } from "../../ports/stackFile";

/**
 * Writes the approval of an irreversible change, bound to its content, to a window and to today's rules. It counts once it
 * is committed: the commit's author is the approver, who must not be the change's author.
 */
export async function run(ctx: Context): Promise<void> {
  const { change, settings } = await irreversibleChangeNow(ctx);
  const { reason } = ctx.options;
  const { subject } = change;
  if (reason === undefined)
    throw new Failure(
      exitCodes.usage,
      "REASON is missing: say why you approve the change. Nothing was written.",
      {
        next: makeLine(ctx.stack, "approve", { CHANGE: subject, REASON: "<why>" }),
      },
    );
  refuseOwn(ctx, change);
  const now = ctx.clock.now();
  const window = windowOf(ctx, change, settings.changeWindow, now);
  const details: ApprovalDetails = {
    reason,
    window: { from: window.from.toISOString(), to: window.to.toISOString() },
    expires: expiryOf(ctx, settings.changeWindow, window.to, now).toISOString(),
    minutes: change.minutes,
    rules: rulesHash(rulesOf(settings)),
  };
  const evidence: Evidence = {
    kind: "approval",
    subject,
    sha256: change.sha256,
    at: now.toISOString(),
    details,
  };
  const file = evidencePath("approval", subject);
  ctx.output.set("approval", evidence);
  const { zone } = settings.changeWindow;
  const approved = `${subject} (${change.sha256.slice(0, 12)}) for ${shown(window.from, zone)} to ${shown(window.to, zone)}`;
  if (ctx.options.dryRun) {
    ctx.output.print(`Would approve ${approved}, in ${file}.`);
    return;
  }
  const path = join(ctx.root, file);
  const isAnew = existsSync(path);
  await mkdir(dirname(path), { recursive: true });
  replaceFile(path, `${JSON.stringify(evidence, null, 2)}\n`);
  ctx.output.print(
    `${isAnew ? "Approved anew" : "Approved"}: ${approved}.\nIt counts once it is committed${rulesOf(settings).requireSigned ? " and signed" : ""}: git add ${file} && git commit${rulesOf(settings).requireSigned ? " -S" : ""}`,
  );
  ctx.output.next(
    change.guardians
      ? makeLine(ctx.stack, "notify-guardians", { CHANGE: subject })
      : makeLine(ctx.stack, "status"),
  );
}

/** Refuses an approval by the change's own author now, rather than on the night of the change. */
function refuseOwn(ctx: Context, { subject, author }: IrreversibleChange): void {
  if (!author)
    throw new Failure(
      exitCodes.refused,
      `Git does not say who changed ${subject} last: commit it first, in a full clone. Nothing was written.`,
    );
  const own = gitIdentity(ctx.root);
  if (own && isSamePerson(own, author))
    throw new Failure(
      exitCodes.refused,
      `${own.emails[0]} changed ${subject} last, and authors cannot approve their own change. Ask somebody else to run this. Nothing was written.`,
    );
}

/** WINDOW, or the next out-of-hours window that is long enough, once the guardians' hours of notice are over. */
function windowOf(
  { options }: Context,
  change: IrreversibleChange,
  calendar: ChangeCalendar,
  now: Date,
): { from: Date; to: Date } {
  if (options.window !== undefined) return windowAsked(options.window, change, calendar, now);
  const notice = change.guardians ? calendar.noticeHours * 3_600_000 : 0;
  let from = new Date(now.getTime() + notice);
  for (;;) {
    const state = windowAt(from, calendar);
    if (!state.open) {
      if (!state.opens) break;
      from = state.opens;
    } else if (!state.closes || state.closes.getTime() - from.getTime() >= change.minutes * 60_000) {
      const most = new Date(from.getTime() + 3 * 86_400_000);
      return { from, to: state.closes && state.closes < most ? state.closes : most };
    } else from = state.closes;
  }
  throw new Failure(exitCodes.usage, "`changeWindow` leaves no window open. Nothing was written.");
}

/** The window that WINDOW asks for. Throws unless the change fits into it and the school is closed throughout. */
function windowAsked(
  asked: string,
  { subject, minutes }: IrreversibleChange,
  calendar: ChangeCalendar,
  now: Date,
): { from: Date; to: Date } {
  const [first = "", second = "", ...more] = asked.split("/");
  const [from, to] = [readTime(first, calendar.zone), readTime(second, calendar.zone)];
  if (!from.ok || !to.ok || more.length > 0) {
    const issues = [from, to].flatMap((read) => (read.ok ? [] : [read.reason]));
    throw new Failure(
      exitCodes.usage,
      `WINDOW is \`${asked}\`; allowed is <from>/<to>. ${issues.join("; ")}. Nothing was written.`,
    );
  }
  const state = windowAt(from.at, calendar);
  const isShort = to.at.getTime() - from.at.getTime() < minutes * 60_000 || to.at <= from.at;
  const reasons = [
    ...(to.at <= now ? ["it is over"] : []),
    ...(isShort ? [`it is shorter than the ${minutes} minutes that ${subject} may take`] : []),
    ...(state.open ? [] : [`at its beginning ${state.why}`]),
    ...(state.open && state.closes && state.closes < to.at
      ? [`school hours or a freeze begin at ${shown(state.closes, calendar.zone)}`]
      : []),
  ];
  if (reasons.length > 0)
    throw new Failure(
      exitCodes.refused,
      `WINDOW cannot be ${shown(from.at, calendar.zone)} to ${shown(to.at, calendar.zone)}: ${reasons.join("; ")}. Nothing was written.`,
    );
  return { from: from.at, to: to.at };
}

function expiryOf({ options }: Context, { zone }: ChangeCalendar, end: Date, now: Date): Date {
  if (options.expires === undefined) return end;
  const read = readTime(options.expires, zone);
  if (!read.ok) throw new Failure(exitCodes.usage, `EXPIRES: ${read.reason}. Nothing was written.`);
  if (read.at <= now)
    throw new Failure(
      exitCodes.usage,
      `EXPIRES is ${shown(read.at, zone)}, which is over. Nothing was written.`,
    );
  return read.at;
}
