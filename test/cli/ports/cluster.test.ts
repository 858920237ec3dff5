import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createCluster } from "../../../cli/ports/cluster";
import { redactText } from "../../../cli/shell/redact";

/** An API server that answers as a test says and keeps what it was asked: `GET /path?labelSelector`. */
let server: Server;
let folder: string;
let asked: string[];
let answer: (method: string, path: string, selector: string) => object | undefined;

beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://localhost");
    const selector = url.searchParams.get("labelSelector") ?? "";
    asked.push(`${request.method} ${url.pathname.replace("/namespaces/school-prod", "")} ${selector}`.trim());
    const body = answer(request.method ?? "", url.pathname, selector);
    if (!body) return;
    const status = "code" in body ? Number(body.code) : 200;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  folder = mkdtempSync(join(tmpdir(), "cluster-"));
  const kubeconfig = join(folder, "kubeconfig");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster: { server: address, "insecure-skip-tls-verify": true } }],
      users: [{ name: "test", user: {} }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
      "current-context": "test",
    }),
  );
  vi.stubEnv("KUBECONFIG", kubeconfig);
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => (asked = []));
afterEach(() => void vi.useRealTimers());

const cluster = () => createCluster("school-prod");
const list = (...items: object[]) => ({ items });
const pod = (name: string, phase: string, terminationGracePeriodSeconds?: number) => ({
  metadata: { name },
  spec: { ...(terminationGracePeriodSeconds && { terminationGracePeriodSeconds }) },
  status: { phase },
});

describe("running migrations", () => {
  it("are ended in the background, those that have ended are left, and their pods are waited for", async () => {
    const job = (name: string, active?: number) => ({
      metadata: { name },
      status: { ...(active && { active }) },
    });
    let polls = 0;
    answer = (method, path) => {
      if (method === "DELETE") return { kind: "Status" };
      if (path.endsWith("/jobs")) return list(job("migrate-2", 1), job("migrate-1"));
      return ++polls < 3 ? list(pod("migrate-2-x", "Running")) : list();
    };
    expect(await cluster().endMigrations(5)).toEqual(["migrate-2"]);
    expect(asked.slice(0, 3)).toEqual([
      "GET /apis/batch/v1/jobs app.kubernetes.io/component=migrate",
      "DELETE /apis/batch/v1/jobs/migrate-2",
      "GET /api/v1/pods job-name=migrate-2",
    ]);
    expect(polls).toBe(3);
  });

  it("whose pods do not go are waited for no longer than asked", async () => {
    answer = (method, path) => {
      if (path.endsWith("/jobs")) return list({ metadata: { name: "migrate-2" }, status: { active: 1 } });
      return method === "DELETE" ? {} : list(pod("migrate-2-x", "Running"));
    };
    const began = Date.now();
    expect(await cluster().endMigrations(0.3)).toEqual(["migrate-2"]);
    expect(Date.now() - began).toBeLessThan(5_000);
  });
});

it("a slot's workers are those that have not ended, with the time that each gets to finish its job", async () => {
  answer = () =>
    list(pod("busy", "Running", 90), pod("new", "Pending"), pod("done", "Succeeded"), pod("dead", "Failed"));
  expect(await cluster().workers(["blue", "green"])).toEqual([
    { name: "busy", graceSeconds: 90 },
    { name: "new", graceSeconds: 30 },
  ]);
  expect(asked[0]).toMatch(/component=worker,.*slot in \(blue,green\)$/);
});

describe("a Secret", () => {
  it("is read by its key, and its value is never shown from then on", async () => {
    answer = () => ({
      data: { DATABASE_URL: Buffer.from("postgresql://u:hunter2-hunter2@db/x").toString("base64") },
    });
    expect(await cluster().secret("school-database", "DATABASE_URL")).toBe(
      "postgresql://u:hunter2-hunter2@db/x",
    );
    expect(redactText("it is postgresql://u:hunter2-hunter2@db/x")).not.toContain("hunter2");
    expect(await cluster().secret("school-database", "OTHER")).toBeUndefined();
  });

  it("that is not there is an error", async () => {
    answer = () => ({ kind: "Status", code: 404, message: 'secrets "none" not found' });
    await expect(cluster().secret("none", "DATABASE_URL")).rejects.toThrow(/404[^]*none[^]*not found/);
  });
});

it("a call that is never answered ends after 10 s, and says what was asked for", async () => {
  answer = () => undefined;
  // Loaded first: what is loaded under fake timers never arrives.
  await import("@kubernetes/client-node");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const silent = cluster();
  const calls = [
    silent.secret("school-database", "X"),
    silent.workers(["blue"]),
    silent.endMigrations(5),
  ].map((call) => call.catch((error: unknown) => (error as Error).message));
  await vi.advanceTimersByTimeAsync(10_000);
  await new Promise((turn) => setImmediate(turn));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await Promise.all(calls)).toEqual([
    "Kubernetes, Secret school-database in namespace school-prod: no answer within 10 s",
    expect.stringMatching(/^Kubernetes, pods with .*component=worker.*: no answer within 10 s$/),
    "Kubernetes, migration Jobs in namespace school-prod: no answer within 10 s",
  ]);
});
