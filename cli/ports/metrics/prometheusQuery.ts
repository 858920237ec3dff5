import { z } from "zod";
import { redactText } from "../../shell/redact";
import type { Series } from "./series";

const sample = z.tuple([z.number(), z.string()]);
const answer = z.object({
  status: z.literal("success"),
  data: z.object({
    resultType: z.literal("matrix"),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), values: z.array(sample) })),
  }),
});

/** One question to a Prometheus server: `query` or `query_range`, answered as a matrix. */
export type Ask = (
  path: "query" | "query_range",
  parameters: Record<string, string>,
  /** Milliseconds after which there is no answer. */
  timeout: number,
  signal?: AbortSignal,
) => Promise<{
  series: Series[];
  /** The server's clock, milliseconds since 1970. */
  date: number;
}>;

/** Asks the Prometheus server at `base`. Throws where it does not answer, or with something else than a matrix. */
export function askPrometheus(base: string): Ask {
  return async (path, parameters, timeout, signal) => {
    const target = new URL(`api/v1/${path}`, base.endsWith("/") ? base : `${base}/`);
    target.search = new URLSearchParams(parameters).toString();
    const limit = AbortSignal.timeout(timeout);
    const response = await fetch(target, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
    const text = await response.text();
    if (!response.ok) throw new Error(`it answered ${response.status}: ${redactText(text).slice(0, 200)}`);
    const date = Date.parse(response.headers.get("date") ?? "");
    return {
      series: answer.parse(JSON.parse(text)).data.result,
      date: Number.isNaN(date) ? Date.now() : date,
    };
  };
}

/** Why a question had no answer, with what is behind it. */
export const whyNot = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
};
