import { expect, it } from "vitest";
import { guardianNotice } from "../../../decisions/incident/guardianMessages";

it("a notice says what, when in Cairo time, how long and whom to ask, in English and Arabic", () => {
  const notice = guardianNotice({
    comms: {
      school: { en: "the school", ar: "المدرسة" },
      contact: { en: "the office, 123", ar: "المكتب، 123" },
    },
    what: { en: "names are shown in two parts.", ar: "تظهر الأسماء في جزأين." },
    from: new Date("2026-11-27T20:00Z"),
    to: new Date("2026-11-28T02:00Z"),
    minutes: 10,
    zone: "Africa/Cairo",
  });
  expect(notice.subject).toBe("the school: a change on Friday 27 November 2026, 22:00 (Cairo time)");
  expect(notice.text.split("\n")).toEqual([
    "Dear parents and guardians,",
    "between Friday 27 November 2026, 22:00 and Saturday 28 November 2026, 04:00 (Cairo time) the school makes a change to its application: names are shown in two parts.",
    "The application may be unavailable for up to 10 minutes in this time.",
    "Questions? Ask the office, 123.",
    "",
    "السادة أولياء الأمور،",
    "في الفترة من الجمعة ٢٧ نوفمبر ٢٠٢٦، ٢٢:٠٠ إلى السبت ٢٨ نوفمبر ٢٠٢٦، ٠٤:٠٠ (بتوقيت القاهرة) ستجري المدرسة تعديلا على التطبيق: تظهر الأسماء في جزأين.",
    "قد لا يكون التطبيق متاحا خلال هذه الفترة لمدة تصل إلى 10 دقيقة.",
    "للاستفسار: المكتب، 123.",
  ]);
});
