import { DateTime } from "luxon";
import type { Comms } from "./comms";

/** What the notice of a change is made of. */
interface NoticeArgs {
  comms: Comms;
  /** What will change for guardians, in English and Arabic. */
  what: { en: string; ar: string };
  from: Date;
  to: Date;
  /** Minutes that it takes at most. */
  minutes: number;
  zone: string;
}

/** The notice of a coming change to guardians in English and Arabic: what, when, how long, whom to ask. */
export function guardianNotice(args: NoticeArgs): { subject: string; text: string } {
  const { comms, what, from, to, minutes, zone } = args;
  const { local, place, placeAr } = timesIn(zone);
  const text = [
    "Dear parents and guardians,",
    `between ${local(from)} and ${local(to)} (${place} time) ${comms.school.en} makes a change to its application: ${what.en}`,
    `The application may be unavailable for up to ${minutes} minutes in this time.`,
    `Questions? Ask ${comms.contact.en}.`,
    "",
    "السادة أولياء الأمور،",
    `في الفترة من ${local(from, "ar-EG")} إلى ${local(to, "ar-EG")} (بتوقيت ${placeAr}) ستجري ${comms.school.ar} تعديلا على التطبيق: ${what.ar}`,
    `قد لا يكون التطبيق متاحا خلال هذه الفترة لمدة تصل إلى ${minutes} دقيقة.`,
    `للاستفسار: ${comms.contact.ar}.`,
  ].join("\n");
  return { subject: `${comms.school.en}: a change on ${local(from)} (${place} time)`, text };
}

/** What the news of an incident are made of. */
interface NewsArgs extends Pick<NoticeArgs, "comms" | "zone"> {
  /** When it began. */
  since: Date;
  isOver: boolean;
  /** What guardians notice, in English. Default: a general sentence. */
  text?: string | undefined;
  /** The same in Arabic. */
  textArabic?: string | undefined;
}

/** News of an incident to guardians in English and Arabic: what, since when, what comes next, whom to ask. */
export function guardianNews({ comms, since, zone, isOver, ...given }: NewsArgs): {
  subject: string;
  text: string;
} {
  const { local, place, placeAr } = timesIn(zone);
  const state = isOver
    ? "the application works again as usual."
    : "the application does not work as it should.";
  const stateAr = isOver ? "عاد التطبيق إلى العمل كالمعتاد." : "التطبيق لا يعمل كما ينبغي.";
  const text = [
    "Dear parents and guardians,",
    `about the application of ${comms.school.en}, since ${local(since)} (${place} time): ${given.text ?? state}`,
    isOver ? "Thank you for your patience." : "We are working on it and will tell you when it is over.",
    `Questions? Ask ${comms.contact.en}.`,
    "",
    "السادة أولياء الأمور،",
    `بخصوص تطبيق ${comms.school.ar}، منذ ${local(since, "ar-EG")} (بتوقيت ${placeAr}): ${given.textArabic ?? stateAr}`,
    isOver ? "شكرا لصبركم." : "نعمل على إصلاحه وسنخبركم عند انتهائه.",
    `للاستفسار: ${comms.contact.ar}.`,
  ].join("\n");
  return { subject: `${comms.school.en}: the application ${isOver ? "works again" : "is disturbed"}`, text };
}

/** Times and the place's name in a zone. */
function timesIn(zone: string) {
  const place = zone.split("/").at(-1)?.replaceAll("_", " ") ?? zone;
  const local = (at: Date, locale: "en-GB" | "ar-EG" = "en-GB") =>
    DateTime.fromJSDate(at, { zone })
      .setLocale(locale)
      .toFormat(`cccc d LLLL yyyy${locale === "ar-EG" ? "،" : ","} HH:mm`);
  return { local, place, placeAr: place === "Cairo" ? "القاهرة" : place };
}
