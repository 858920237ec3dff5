import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { pausedBody } from "../../../decisions/stack/names";
import type { Context, Stack } from "../context";
import type { Figures } from "../scenario";

/** People who rename guardians, one request after another, through the load balancer. */

/** What became of their requests. */
export interface Writes {
  requests: number;
  failedRequests: number;
  pausedRequests: number;
  /** Why, of the failed ones. */
  failures: { at: number; why: string }[];
  /** Guardian -> the last name that the application said it had written. */
  names: Map<number, string>;
}

/**
 * Eight of them at once, each with guardians of its own, until `stop`.
 * @param ids first and last guardian
 * @param nameOf a name for the n-th write
 */
export function startWriters(
  context: Context,
  stack: Stack,
  ids: { first: number; last: number },
  nameOf: (n: number) => string = (n) => `Given${n} von Family${n % 7}`,
): { seen: Writes; stop: () => Promise<Writes> } {
  const writers = 8;
  const seen: Writes = { requests: 0, failedRequests: 0, pausedRequests: 0, failures: [], names: new Map() };
  let ending = false;
  const port = context.ports[stack];
  const host = context.host(stack);
  const write = async (writer: number) => {
    for (let n = 0; !ending; n += 1) {
      const span = Math.floor((ids.last - ids.first + 1) / writers);
      const id = ids.first + writer * span + (n % span);
      const name = nameOf(n);
      const { status, body } = await put(port, host, `/api/guardians/${id}`, { full_name: name });
      seen.requests += 1;
      if (status === 200 && body.includes(`"full_name":"${name}"`)) seen.names.set(id, name);
      else if (status === 503 && body === pausedBody) seen.pausedRequests += 1;
      else {
        seen.failedRequests += 1;
        seen.failures.push({ at: Date.now(), why: `PUT /api/guardians/${id} answered ${status} ${body}` });
      }
      await sleep(300);
    }
  };
  const running = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return {
    seen,
    stop: async () => {
      ending = true;
      await running;
      return seen;
    },
  };
}

/** Figures of a load with those of the writers added. */
export const together = (figures: Figures, seen: Writes): Figures =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => {
      const more = (seen as unknown as Record<string, unknown>)[name];
      return [name, typeof value === "number" && typeof more === "number" ? value + more : value];
    }),
  );

/** One request; status 0 where there was no answer within two seconds. */
const put = (port: number, host: string, path: string, content: object) =>
  new Promise<{ status: number; body: string }>((resolve) => {
    const headers = { host, "content-type": "application/json" };
    const given = { port, host: "127.0.0.1", path, method: "PUT", headers, timeout: 2000 };
    const sent = request(given, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part: string) => (body += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer within 2 s")));
    sent.on("error", (error) => resolve({ status: 0, body: error.message }));
    sent.end(JSON.stringify(content));
  });
