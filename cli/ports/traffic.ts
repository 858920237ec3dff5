import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { pausedBody, releaseHeader, slotHeader, type Slot } from "../../decisions/stack/names";

/** One request through the load balancer. */
export interface Ask {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | undefined;
  /** Ask for this slot through its test rule; absent: whatever the weights say. */
  slot?: Slot;
  /** Milliseconds. Default 2000. */
  timeout?: number;
}

/** What came back. */
export interface Answer {
  status: number;
  body: string;
  /** Image digest that answered (X-Release); absent when the load balancer itself answered. */
  release?: string | undefined;
  /** The fixed answer of a paused rule. */
  paused: boolean;
  milliseconds: number;
}

/** Requests through the load balancer, as users make them. */
export interface Traffic {
  /** Throws on a time-out or a broken connection. */
  ask(ask: Ask): Promise<Answer>;
}

/**
 * Sends requests to `url` with `host` as their Host header. Every request has a connection of its own: a load
 * balancer's workers learn of a changed rule one after the other, and a kept connection would meet only one of them.
 */
export function createTraffic(url: string, host: string): Traffic {
  const base = new URL(url);
  const send = base.protocol === "https:" ? httpsRequest : httpRequest;
  return {
    ask: ({ method = "GET", path, headers = {}, body, slot, timeout = 2000 }) =>
      new Promise((resolve, reject) => {
        const started = performance.now();
        const request = send(
          new URL(path, base),
          {
            method,
            agent: false,
            servername: host,
            headers: {
              ...headers,
              host,
              connection: "close",
              ...(slot ? { [slotHeader]: slot } : {}),
              ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
            },
            signal: AbortSignal.timeout(timeout),
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            response.on("error", reject);
            response.on("end", () => {
              const text = Buffer.concat(chunks).toString("utf8");
              const status = response.statusCode ?? 0;
              const release = response.headers[releaseHeader.toLowerCase()];
              resolve({
                status,
                body: text,
                ...(typeof release === "string" ? { release } : {}),
                paused: status === 503 && text === pausedBody,
                milliseconds: performance.now() - started,
              });
            });
          },
        );
        request.on("error", (error: Error) =>
          reject(
            new Error(`${method} ${path} through ${base.origin} failed: ${error.message}`, { cause: error }),
          ),
        );
        request.end(body);
      }),
  };
}
