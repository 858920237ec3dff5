import { z } from "zod";
import type { Slot } from "../../decisions/names";

/** Requests of one slot since a moment. */
export interface SlotCounts {
  requests: number;
  /** Answers 5xx among them. */
  errors: number;
}

/** Where requests and errors are counted. */
export interface Metrics {
  /** Counts of both slots over the last `seconds`; undefined: unknown, which is never the same as zero. */
  counts(seconds: number): Promise<Record<Slot, SlotCounts | undefined>>;
}

const answer = z.object({
  status: z.literal("success"),
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

/**
 * Counts from Prometheus: `http_requests_total` of the web pods, by their labels `stack` and `slot`. A counter that
 * began within the window counts from zero (a new pod starts there), which `increase` would not see.
 */
export function createPrometheus(url: string, stack: string, timeout = 2000): Metrics {
  const query = async (expression: string): Promise<Map<string, number> | undefined> => {
    try {
      const target = new URL("api/v1/query", url.endsWith("/") ? url : `${url}/`);
      target.searchParams.set("query", expression);
      const response = await fetch(target, { signal: AbortSignal.timeout(timeout) });
      const { data } = answer.parse(await response.json());
      return new Map(data.result.map((series) => [series.metric.slot ?? "", Number(series.value[1])]));
    } catch {
      // Unknown: the caller holds. What was wrong shows in the hold's own report as "no metrics".
      return undefined;
    }
  };
  return {
    async counts(seconds) {
      const window = Math.max(1, Math.ceil(seconds));
      const total = (extra: string) => {
        const series = `http_requests_total{stack="${stack}",component="web"${extra}}`;
        // A counter below what it was has begun anew in place: then what it shows now is what is known.
        return `sum by (slot) ((${series} - (${series} offset ${window}s or ${series} * 0)) >= 0 or ${series})`;
      };
      const [requests, errors] = await Promise.all([query(total("")), query(total(',status="5xx"'))]);
      const of = (slot: Slot): SlotCounts | undefined => {
        const count = requests?.get(slot);
        if (count === undefined || errors === undefined || !Number.isFinite(count)) return undefined;
        // The error series of a slot appears with its first error: no series beside counted requests is none so far.
        return { requests: count, errors: errors.get(slot) ?? 0 };
      };
      return { blue: of("blue"), green: of("green") };
    },
  };
}

/** A source that knows nothing, for stacks whose metrics are elsewhere: everything is held, nothing passes. */
export const unknownMetrics: Metrics = {
  counts: () => Promise.resolve({ blue: undefined, green: undefined }),
};
