import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";

/** One call as it came: its operation, and what it was asked with. */
export interface Call {
  /** `PutParameter`, `ModifyRule`; for a service of paths its method and path. */
  operation: string;
  input: Record<string, unknown>;
}

/** An answer: an object as JSON, a string as XML, or a refusal with AWS' code. */
export type Reply = object | string | Fault;

export class Fault {
  constructor(
    readonly code: string,
    readonly status = 400,
  ) {}
}

/** An endpoint that stands for AWS in a file of tests: it keeps the calls and answers as a test says. */
export function recordedAws() {
  const aws = {
    calls: [] as Call[],
    /** What a call gets; a test sets its own. */
    answer: (_: Call): Reply => ({}),
    operations: () => aws.calls.map(({ operation }) => operation),
  };
  let server: Server;
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const isQuery = String(request.headers["content-type"]).includes("form");
        const input = isQuery
          ? Object.fromEntries(new URLSearchParams(body))
          : (JSON.parse(body || "{}") as Record<string, unknown>);
        const target = String(request.headers["x-amz-target"] ?? "").split(".")[1];
        const operation =
          target ?? (isQuery ? String(input.Action) : `${request.method} ${request.url?.split("?")[0]}`);
        const call = { operation, input };
        aws.calls.push(call);
        const reply = aws.answer(call);
        if (reply instanceof Fault) {
          response.statusCode = reply.status;
          response.setHeader("x-amzn-errortype", reply.code);
          response.end(
            isQuery
              ? `<ErrorResponse><Error><Type>Sender</Type><Code>${reply.code}</Code><Message>${reply.code}</Message></Error></ErrorResponse>`
              : JSON.stringify({ __type: reply.code, message: reply.code }),
          );
          return;
        }
        response.end(
          typeof reply === "string"
            ? `<${operation}Response><${operation}Result>${reply}</${operation}Result></${operation}Response>`
            : JSON.stringify(reply),
        );
      });
    });
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    aws.calls = [];
    aws.answer = () => ({});
    vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    // Pauses between attempts are random: none of them here.
    vi.spyOn(Math, "random").mockReturnValue(0);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  return aws;
}
