import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import type { Lease } from "../../../decisions/stack/lease";
import { takeLease } from "../../../cli/stack/lease";
import { memoryParameters, quietOutput } from "../fakes";

const path = "/deployment-safety/prod/lease";
const held = (more: Partial<Lease> = {}): Lease => ({
  id: "other",
  operation: "deploy",
  version: "1.2.0",
  actor: "ada",
  host: "ci-7",
  pid: 42,
  since: "2026-11-24T12:00:00Z",
  heartbeat: new Date().toISOString(),
  ...more,
});
const take = (parameters: ReturnType<typeof memoryParameters>, interrupts = false) =>
  takeLease({
    parameters,
    stack: "prod",
    operation: interrupts ? "rollback" : "deploy",
    actor: "bo",
    output: quietOutput(),
    signal: new AbortController().signal,
    lost: () => undefined,
    interrupts,
  });
const storeWith = (lease: Lease) => memoryParameters(new Map([[path, JSON.stringify(lease)]]));
/** A process id that no process has: Linux gives none above 4194304. */
const noProcess = 4_194_305;

describe("takeLease", () => {
  it("writes who works on the stack, and gives it back", async () => {
    const parameters = memoryParameters();
    const lease = await take(parameters);
    expect(JSON.parse(parameters.values.get(path) ?? "")).toMatchObject({
      id: lease.id,
      operation: "deploy",
      actor: "bo",
      pid: process.pid,
    });
    await lease.check();
    await lease.giveBack();
    expect(parameters.values.size).toBe(0);
  });
  it("is refused (7) while another operation lives, with who and since when", async () => {
    const parameters = storeWith(held());
    await expect(take(parameters)).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringMatching(
        /deploy of 1\.2\.0 by ada on ci-7 \(process 42\) since 2026-11-24T12:00:00Z/,
      ) as string,
    });
    expect(JSON.parse(parameters.values.get(path) ?? "")).toMatchObject({ id: "other" });
  });
  it("takes over from a process of this host that is gone", async () => {
    const lease = await take(storeWith(held({ host: hostname(), pid: noProcess })));
    expect(lease.previous?.id).toBe("other");
    await lease.giveBack();
  });
  it("takes over after 30 s without a heartbeat", async () => {
    const lease = await take(storeWith(held({ heartbeat: new Date(Date.now() - 31_000).toISOString() })));
    expect(lease.previous?.id).toBe("other");
    await lease.giveBack();
  });
  it("marks a live deploy on another host as cancelled, and goes on once it has given the lease back", async () => {
    const parameters = storeWith(held());
    const put = parameters.put.bind(parameters);
    parameters.put = async (at, value) => {
      await put(at, value);
      if ((JSON.parse(value) as Lease).cancelled) parameters.values.delete(path);
    };
    const lease = await take(parameters, true);
    await lease.check();
    await lease.giveBack();
  });
  it("never interrupts another rollback or a downgrade: half a downgrade is worse than a late one", async () => {
    for (const operation of ["rollback", "downgrade"])
      await expect(take(storeWith(held({ operation })), true)).rejects.toMatchObject({ exitCode: 7 });
  });
});

describe("a lease that is not as it should be", () => {
  it("is refused (4) with its path rather than taken for one: what stands in it decides who may change the stack", async () => {
    for (const text of ["not JSON", JSON.stringify({ id: "other", host: "ci-7" })]) {
      const parameters = memoryParameters(new Map([[path, text]]));
      await expect(take(parameters, true)).rejects.toMatchObject({
        exitCode: 4,
        message: expect.stringContaining(path) as string,
      });
      expect(parameters.values.get(path)).toBe(text);
    }
  });
});

describe("a held lease", () => {
  it("is lost (7) once somebody else's is there, it was cancelled, or it is gone", async () => {
    for (const change of [
      (values: Map<string, string>) => values.set(path, JSON.stringify(held())),
      (values: Map<string, string>) =>
        values.set(
          path,
          JSON.stringify({ ...(JSON.parse(values.get(path) ?? "") as Lease), cancelled: true }),
        ),
      (values: Map<string, string>) => values.delete(path),
    ]) {
      const parameters = memoryParameters();
      const lease = await take(parameters);
      change(parameters.values);
      await expect(lease.check()).rejects.toMatchObject({ exitCode: 7 });
      await lease.giveBack();
    }
  });
  it("leaves somebody else's lease where it is when it is given back", async () => {
    const parameters = memoryParameters();
    const lease = await take(parameters);
    parameters.values.set(path, JSON.stringify(held()));
    await lease.giveBack();
    expect(parameters.values.has(path)).toBe(true);
  });
});
