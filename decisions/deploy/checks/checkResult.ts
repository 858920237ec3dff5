/** What a check of the checklist found; `next` is what to do where it failed. */
export type CheckResult = { ok: true; detail: string } | { ok: false; detail: string; next: string };
