import { DateTime } from "luxon";
import type { Comms } from "./comms";

/** What the notice is about. */
export interface NoticeArgs {
  comms: Comms;
  /** What will change for guardians, in English and Arabic. */
  what: { en: string; ar: string };
  from: Date;
  to: Date;
  /** Minutes that it takes at most. */
  minutes: number;
  zone: string;
}

/** A notice to guardians in English and Arabic: what, when, how long, whom to ask. */
export function guardianNotice(args: NoticeArgs): { subject: string; text: string } {
  const { comms, what, from, to, minutes, zone } = args;
  const local = (at: Date, locale: "en-GB" | "ar-EG") =>
    DateTime.fromJSDate(at, { zone })
      .setLocale(locale)
      .toFormat(`cccc d LLLL yyyy${locale === "ar-EG" ? "،" : ","} HH:mm`);
  const place = zone.split("/").at(-1)?.replaceAll("_", " ") ?? zone;
  const placeAr = place === "Cairo" ? "القاهرة" : place;
  const text = [
    `Dear parents and guardians,`,
    `between ${local(from, "en-GB")} and ${local(to, "en-GB")} (${place} time) ${comms.school.en} makes a change to its application: ${what.en}`,
    `The application may be unavailable for up to ${minutes} minutes in this time.`,
    `Questions? Ask ${comms.contact.en}.`,
    "",
    "السادة أولياء الأمور،",
    `في الفترة من ${local(from, "ar-EG")} إلى ${local(to, "ar-EG")} (بتوقيت ${placeAr}) ستجري ${comms.school.ar} تعديلا على التطبيق: ${what.ar}`,
    `قد لا يكون التطبيق متاحا خلال هذه الفترة لمدة تصل إلى ${minutes} دقيقة.`,
    `للاستفسار: ${comms.contact.ar}.`,
  ].join("\n");
  return { subject: `${comms.school.en}: a change on ${local(from, "en-GB")} (${place} time)`, text };
}
