import autocannon from "autocannon";
import { pausedBody, releaseHeader } from "../../../decisions/stack/names";

/** Real HTTP load on a stack, request by request on record: what people of the school would have seen. */

/** One answered (or unanswered) request. */
export interface Observation {
  /** When the answer came, milliseconds since the epoch. */
  at: number;
  /** Digest that answered, `""` where none did. */
  digest: string;
  /** `failed`: a 5xx, a time-out of 2 s, a broken connection or a wrong body; `paused`: the fixed 503 of the paused rule. */
  outcome: "ok" | "failed" | "paused";
  /** Why it failed. */
  why?: string;
}

export interface Load {
  observations: Observation[];
  /** Ids of the jobs that the application said it has taken on. */
  jobs: number[];
  /** Ends the load after the requests in flight. */
  stop(): Promise<void>;
}

const pupils = 200;

/**
 * The load library sends a second's requests at the second's beginning. Ten generators that begin a tenth of a second
 * after one another make of it a stream in which a gap of 100 ms shows.
 */
const mostGenerators = 10;
const connectionsEach = 2;

/**
 * Starts load through the load balancer.
 * @param url address of the load balancer's listener
 * @param host name that the weighted rule answers to
 * @param perSecond requests a second, at least 50 wherever figures are taken
 */
export function startLoad(url: string, host: string, perSecond: number): Load {
  const observations: Observation[] = [];
  const jobs: number[] = [];
  const note = (outcome: Observation["outcome"], digest: string, why?: string) =>
    observations.push({ at: Date.now(), digest, outcome, ...(why === undefined ? {} : { why }) });
  const request = (
    method: "GET" | "POST",
    path: string,
    expected: string,
    body?: string,
  ): autocannon.Request => ({
    method,
    path,
    headers: { host, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body }),
    onResponse: (status, answer, _context, headers) => {
      const digest = headerOf(headers, releaseHeader);
      if (status === 503 && answer === pausedBody) note("paused", "");
      else if (status >= 500) note("failed", digest, `${method} ${path} answered ${status}`);
      else if (status >= 400 || !answer.includes(expected))
        note("failed", digest, `${method} ${path} answered ${status} with a wrong body`);
      else note("ok", digest);
      if (method === "POST" && status === 202) jobs.push(Number(/"job_id":(\d+)/.exec(answer)?.[1]));
    },
  });
  const requests: autocannon.Request[] = [];
  for (let pupil = 1; pupil <= pupils; pupil += 1) {
    requests.push(request("GET", `/api/pupils/${pupil}`, `"id":${pupil}`));
    requests.push(request("GET", `/api/guardians/${pupil}`, `"id":${pupil}`));
    requests.push(request("GET", `/api/pupils/${pupil}/grades`, `"pupil_id":${pupil}`));
    if (pupil % 5 === 0)
      requests.push(
        request(
          "POST",
          "/api/grades",
          `"pupil_id":${pupil}`,
          JSON.stringify({ pupil_id: pupil, subject: "maths", value: 80 }),
        ),
      );
  }
  const begin = (): Generator => {
    let done: () => void;
    const ended = new Promise<void>((resolve) => (done = resolve));
    const run = autocannon(
      {
        url,
        connections: connectionsEach,
        overallRate: perSecond / generators,
        duration: 24 * 3600,
        timeout: 2,
        requests,
      },
      () => done(),
    );
    run.on("reqError", (error: Error) => note("failed", "", error.message));
    return { stop: () => run.stop(), ended };
  };
  // A generator sends at least one request a second.
  const generators = Math.max(1, Math.min(mostGenerators, Math.floor(perSecond)));
  const running: Generator[] = [];
  const starts = Array.from({ length: generators }, (_, index) =>
    setTimeout(() => running.push(begin()), (index * 1000) / generators),
  );
  return {
    observations,
    jobs,
    stop: async () => {
      for (const start of starts) clearTimeout(start);
      for (const generator of running) generator.stop();
      await Promise.all(running.map((generator) => generator.ended));
    },
  };
}

interface Generator {
  stop(): void;
  ended: Promise<void>;
}

/** A header of an answer, whatever the case of its name. */
function headerOf(headers: autocannon.Request["headers"], name: string): string {
  const wanted = name.toLowerCase();
  const found = Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === wanted);
  return String(found?.[1] ?? "");
}

/** The figures that every scenario under load reports. */
export function figuresOf(observations: Observation[]): {
  requests: number;
  failedRequests: number;
  pausedRequests: number;
} {
  const count = (outcome: Observation["outcome"]) =>
    observations.filter((seen) => seen.outcome === outcome).length;
  return { requests: observations.length, failedRequests: count("failed"), pausedRequests: count("paused") };
}
