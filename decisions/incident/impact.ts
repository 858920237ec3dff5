import { z } from "zod";

/** What a release did to people, from the gate's figures. */

const counts = z.object({ requests: z.number(), errors: z.number(), slow: z.number() });
const judged = z.object({
  verdict: z.string(),
  reasons: z.array(z.string()),
  figures: z.object({
    seconds: z.number(),
    canary: counts,
    share: z.number().optional(),
    budget: z.object({ left: z.number().optional(), spentByCanary: z.number().optional() }),
  }),
});

/** Requests that the release that was rolled back had, and what they cost. */
export interface Impact {
  /** Requests that it answered. */
  requestsAffected: number;
  /** Of them, answered with a 5xx. */
  requestsFailed: number;
  /** Of them, slower than the objective. */
  requestsSlow: number;
  /** Seconds for which it was watched. */
  seconds: number;
  /** Its measured share of all requests, percent; absent: not known. */
  share?: number | undefined;
  /** Part of the error budget that it spent; absent: not known. */
  budgetSpent?: number | undefined;
  /** Part of the error budget that is left; absent: not known. */
  budgetLeft?: number | undefined;
  /** Why it was rolled back. */
  reasons: string[];
}

/** The impact by the gate's newest verdict, the bake's before the canary's; undefined where nobody judged. */
export function impactOf(gate: unknown, bake: unknown): Impact | undefined {
  const result = [bake, gate].map((one) => judged.safeParse(one).data).find((one) => one !== undefined);
  if (!result) return undefined;
  const { canary, seconds, share, budget } = result.figures;
  return {
    requestsAffected: canary.requests,
    requestsFailed: canary.errors,
    requestsSlow: canary.slow,
    seconds,
    share,
    budgetSpent: budget.spentByCanary,
    budgetLeft: budget.left,
    reasons: result.reasons,
  };
}
