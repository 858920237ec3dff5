/** What a check of the checklist found; `next` is what to do where it failed. */
export type CheckResult = { ok: true; detail: string } | { ok: false; detail: string; next: string };

export const passed = (detail: string): CheckResult => ({ ok: true, detail });
export const failed = (detail: string, next: string): CheckResult => ({ ok: false, detail, next });

/** The check of what could not be read from `source`; what is not known is not ok. */
export const unread = (what: string, source = "SSM Parameter Store"): CheckResult =>
  failed(`${what} could not be read`, `Check the access to ${source}, then run the command again.`);
