import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";

/**
 * A world outside of the commands that answers every call with an error, and says in it whatever it was given: headers,
 * address, body, password, environment. Worse than any real one, so a command that can be seen in it to keep its secrets
 * keeps them.
 */
export interface HostileWorld {
  http: number;
  postgres: number;
  /** All that was sent to it, as text; what programs were started with is in {@link programLog}. */
  heard: string[];
  /** Of HTTP calls what they said: the headers are how they say who they are. */
  bodies: string[];
  close(): Promise<void>;
}

/** Where the stand-ins of programs write the words that they were started with. */
export const programLog = (folder: string): string => join(folder, "programs.log");

/** Programs in place of the real ones: they print their whole environment, and fail but where they are asked for history. */
export function hostilePrograms(folder: string, names: readonly string[]): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of names) {
    const history = 'case "$*" in *history*) echo "[]"; exit 0;; esac';
    writeFileSync(
      join(bin, name),
      `#!/bin/sh\nprintf '%s\\n' "${name} $*" >> '${programLog(folder)}'\nenv >&2\n${history}\nenv\nexit 1\n`,
    );
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

/** Starts it. `secret` gives what its Kubernetes has in every Secret, by key, once the port of its database is known. */
export async function hostileWorld(
  secret: (postgres: number) => Record<string, string>,
): Promise<HostileWorld> {
  const heard: string[] = [];
  const bodies: string[] = [];
  const data: Record<string, string> = {};
  const http = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const given = `${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body}`;
      heard.push(given);
      bodies.push(body);
      const [status, text] = answerTo(request, given, data);
      response.writeHead(status, { "content-type": text.startsWith("<") ? "text/xml" : "application/json" });
      response.end(text);
    });
  });
  const postgres = createTcpServer((socket) => {
    let isStarted = false;
    socket.on("error", () => undefined);
    socket.on("data", (message) => {
      heard.push(message.toString());
      // Authentication by password in the clear, then an error that says the password.
      const password = message.subarray(5).toString().replaceAll("\0", "");
      socket.write(
        isStarted
          ? postgresMessage("E", `SFATAL\0VFATAL\0C28P01\0Mno such password: ${password}\0\0`)
          : postgresMessage("R", "\0\0\0\x03"),
      );
      if (isStarted) socket.end();
      isStarted = true;
    });
  });
  const servers: Server[] = [http, postgres];
  for (const server of servers)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const port = (server: Server) => (server.address() as AddressInfo).port;
  for (const [key, value] of Object.entries(secret(port(postgres))))
    data[key] = Buffer.from(value).toString("base64");
  return {
    http: port(http),
    postgres: port(postgres),
    heard,
    bodies,
    close: async () => {
      http.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** The parameter store answers where it is asked by somebody who may, so that commands get as far as the next thing. */
function answerTo(
  request: IncomingMessage,
  given: string,
  data: Record<string, string>,
): [status: number, text: string] {
  const target = String(request.headers["x-amz-target"] ?? "");
  const mayAsk = /Credential=answered\//.test(request.headers.authorization ?? "");
  if (/\/secrets\//.test(request.url ?? ""))
    return [200, JSON.stringify({ kind: "Secret", apiVersion: "v1", metadata: { name: "one" }, data })];
  if (mayAsk && /GetParametersByPath$/.test(target)) return [200, '{"Parameters":[]}'];
  if (mayAsk && /PutParameter$/.test(target)) return [200, '{"Version":1}'];
  if (target) return [400, JSON.stringify({ __type: "ValidationException", message: `given: ${given}` })];
  if (/amz-sdk/.test(JSON.stringify(request.headers)))
    return [
      400,
      `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>given: ${escaped(given)}</Message></Error></ErrorResponse>`,
    ];
  return [500, JSON.stringify({ given })];
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function postgresMessage(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(Buffer.byteLength(body) + 4);
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
}
