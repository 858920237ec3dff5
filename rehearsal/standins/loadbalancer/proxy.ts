import { randomBytes } from "node:crypto";
import * as http from "node:http";
import type { Socket } from "node:net";
import { decide } from "./routing";
import type { Listener, TargetGroup } from "./snapshot";
import type { Worker } from "./workers";

type Source = "target" | "load balancer" | "fixed response";

/** One request and who answered it. 460: the client left first. `seconds`: until the target's headers. */
export type Served = {
  listener: Listener;
  group?: TargetGroup | undefined;
  code: number;
  from: Source;
  seconds?: number;
  /** The target took no connection. */
  unconnected?: boolean;
};
type Count = (one: Served) => void;

/** Opens a listener's port on 127.0.0.1; a client's connection belongs to one worker. `idle`: AWS's default, ms. */
export function openListener(port: number, workers: Worker[], served: Count, idle = 60_000): http.Server {
  const owners = new WeakMap<Socket, Worker>();
  let connections = 0;
  const server = http.createServer((request, response) => {
    const worker = owners.get(request.socket);
    const listener = worker?.view.listeners.find((candidate) => candidate.port === port);
    if (!worker || !listener) return void response.destroy();
    const { method = "GET", url = "/", headers } = request;
    const asked = { method, path: url.split("?", 1)[0] ?? "/", headers };
    const decision = decide(listener, worker.view.targetGroups, asked, Math.random());

    const reply = (code: number, type: string, body: string) => {
      request.unpipe();
      request.resume();
      const own = { server: "awselb/2.0", "content-type": type, "content-length": Buffer.byteLength(body) };
      response.writeHead(code, { ...own, ...connection(request) }).end(body);
    };
    if (decision.kind === "fixed") {
      served({ listener, code: decision.status, from: "fixed response" });
      return reply(decision.status, decision.contentType, decision.body);
    }
    const { group, targets } = decision;
    const about = { listener, ...(group && { group }) };
    const fail = (code: number, unconnected = false) => {
      served({ ...about, code, from: "load balancer", ...(unconnected && { unconnected }) });
      reply(code, "text/html", `<html><title>${code} ${http.STATUS_CODES[code]}</title></html>\r\n`);
    };
    const turn = worker.turns.get(group?.arn ?? "") ?? 0;
    const target = targets[turn % targets.length];
    if (!group || !target) return fail(503);
    worker.turns.set(group.arn, turn + 1);

    const start = performance.now();
    let failure = 502;
    const to = { agent: worker.agent, host: target.id, port: target.port, method, path: url };
    const upstream = http.request({ ...to, headers: { ...endToEnd(headers), ...added(request, port) } });
    upstream.setTimeout(idle, () => {
      failure = 504;
      upstream.destroy();
    });
    upstream.on("response", (answer) => {
      const code = answer.statusCode ?? 502;
      served({ ...about, code, from: "target", seconds: (performance.now() - start) / 1000 });
      response.writeHead(code, answer.statusMessage, { ...endToEnd(answer.headers), ...connection(request) });
      answer.on("error", () => response.destroy()).pipe(response);
    });
    upstream.on("error", (error: NodeJS.ErrnoException) => {
      if (response.headersSent || response.destroyed) response.destroy();
      else fail(failure, error.syscall === "connect");
    });
    response.on("close", () => {
      if (!response.headersSent) served({ ...about, code: 460, from: "load balancer" });
      if (!response.writableFinished) upstream.destroy();
    });
    request.pipe(upstream);
  });
  server.keepAliveTimeout = idle;
  server.on("connection", (socket) => owners.set(socket, workers[connections++ % workers.length] as Worker));
  return server.listen(port, "127.0.0.1");
}

/** Said aloud, because Node would else add a `Keep-Alive` header, which the real one does not. */
const connection = ({ headers }: http.IncomingMessage) => ({
  connection: headers.connection?.toLowerCase() === "close" ? "close" : "keep-alive",
});

const ofOneConnection = ["connection", "keep-alive", "proxy-connection", "upgrade", "te"];
const endToEnd = (headers: http.IncomingHttpHeaders) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ofOneConnection.includes(name)));

/** The four headers that an Application Load Balancer adds to what it forwards. */
function added({ headers, socket }: http.IncomingMessage, port: number): Record<string, string> {
  const trace = headers["x-amzn-trace-id"];
  const id = `1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString("hex")}`;
  return {
    "x-forwarded-for": [headers["x-forwarded-for"] ?? [], socket.remoteAddress ?? ""].flat().join(", "),
    "x-forwarded-proto": "http",
    "x-forwarded-port": String(port),
    "x-amzn-trace-id": trace ? `Self=${id};${String(trace)}` : `Root=${id}`,
  };
}
