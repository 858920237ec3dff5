import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTraffic, type Traffic } from "../../../cli/ports/traffic";
import { pausedBody } from "../../../decisions/stack/names";

let server: Server;
let traffic: Traffic;
let handle: (request: IncomingMessage, response: ServerResponse, body: string) => void;
let connections = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => handle(request, response, body));
  }).on("connection", () => (connections += 1));
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  traffic = createTraffic(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "school.example.com");
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe("a request through the load balancer", () => {
  it("asks a slot by its header, under the school's name, and says which release answered", async () => {
    handle = ({ headers, method, url }, response, body) =>
      response
        .writeHead(201, { "x-release": "sha256:1" })
        .end(
          JSON.stringify([method, url, headers.host, headers["x-release-slot"] ?? headers["x-slot"], body]),
        );
    const answer = await traffic.ask({ method: "POST", path: "/login?x=1", slot: "green", body: "é" });
    expect(answer).toMatchObject({ status: 201, release: "sha256:1", paused: false });
    const [method, url, host, , body] = JSON.parse(answer.body) as string[];
    expect([method, url, host, body]).toEqual(["POST", "/login?x=1", "school.example.com", "é"]);
  });

  it("has a connection of its own each time: a kept one would meet one worker only", async () => {
    handle = (_, response) => response.end("ok");
    const before = connections;
    for (let n = 0; n < 3; n++) await traffic.ask({ path: "/" });
    expect(connections - before).toBe(3);
  });

  it("tells the fixed answer of a pause from a 503 of the application", async () => {
    handle = (_, response) => response.writeHead(503).end(pausedBody);
    expect(await traffic.ask({ path: "/" })).toMatchObject({ status: 503, paused: true });
    handle = (_, response) => response.writeHead(503).end("overloaded");
    const answer = await traffic.ask({ path: "/" });
    expect(answer).toMatchObject({ status: 503, paused: false });
    expect(answer).not.toHaveProperty("release");
  });

  it("that is not answered, or only in part, ends with what was asked and where", async () => {
    handle = () => undefined;
    await expect(traffic.ask({ path: "/slow", timeout: 100 })).rejects.toThrow(
      /^GET \/slow through http:\/\/127\.0\.0\.1:\d+ failed: .*(aborted|timeout)/,
    );
    handle = (_, response) => {
      response.writeHead(200, { "content-length": "10" }).write("half");
      setTimeout(() => response.destroy(), 20);
    };
    await expect(traffic.ask({ path: "/half" })).rejects.toThrow(/aborted|hang up|reset/);
    handle = (_, response) => response.destroy();
    await expect(traffic.ask({ path: "/broken" })).rejects.toThrow(/GET \/broken through/);
  });
});
