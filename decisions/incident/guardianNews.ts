import { DateTime } from "luxon";
import type { Comms } from "./comms";

/** What guardians are told about an incident. */
export interface GuardianNewsArgs {
  comms: Comms;
  /** When it began. */
  since: Date;
  zone: string;
  /** Whether it is over. */
  isOver: boolean;
  /** What they notice, in English; a general sentence where it is absent. */
  text?: string | undefined;
  /** The same in Arabic. */
  textArabic?: string | undefined;
}

/** News of an incident for guardians in English and Arabic: what, since when in the school's time, what comes next, whom to ask. */
export function guardianNews(args: GuardianNewsArgs): { subject: string; text: string } {
  const { comms, since, zone, isOver } = args;
  const local = (locale: "en-GB" | "ar-EG") =>
    DateTime.fromJSDate(since, { zone })
      .setLocale(locale)
      .toFormat(`cccc d LLLL yyyy${locale === "ar-EG" ? "،" : ","} HH:mm`);
  const place = zone.split("/").at(-1)?.replaceAll("_", " ") ?? zone;
  const placeAr = place === "Cairo" ? "القاهرة" : place;
  const english =
    args.text ??
    (isOver ? "the application works again as usual." : "the application does not work as it should.");
  const arabic =
    args.textArabic ?? (isOver ? "عاد التطبيق إلى العمل كالمعتاد." : "التطبيق لا يعمل كما ينبغي.");
  const text = [
    "Dear parents and guardians,",
    `about the application of ${comms.school.en}, since ${local("en-GB")} (${place} time): ${english}`,
    isOver ? "Thank you for your patience." : "We are working on it and will tell you when it is over.",
    `Questions? Ask ${comms.contact.en}.`,
    "",
    "السادة أولياء الأمور،",
    `بخصوص تطبيق ${comms.school.ar}، منذ ${local("ar-EG")} (بتوقيت ${placeAr}): ${arabic}`,
    isOver ? "شكرا لصبركم." : "نعمل على إصلاحه وسنخبركم عند انتهائه.",
    `للاستفسار: ${comms.contact.ar}.`,
  ].join("\n");
  const what = isOver ? "the application works again" : "the application is disturbed";
  return { subject: `${comms.school.en}: ${what}`, text };
}
