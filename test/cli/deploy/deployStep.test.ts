import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run as rollback } from "../../../cli/commands/rollback/rollback";
import { CanarySupervisor } from "../../../cli/deploy/canarySupervisor";
import { deployStep } from "../../../cli/deploy/deployStep";
import { RollbackIncident } from "../../../cli/incident/rollbackIncident";
import type { Clock } from "../../../cli/ports/clock";
import { UpdateFailed, type Engine } from "../../../cli/ports/engine";
import { readStackFile, withKey } from "../../../cli/ports/stackFile";
import type { Context } from "../../../cli/shell/context";
import { readOptions, type Raw } from "../../../cli/shell/options";
import { operate } from "../../../cli/stack/operate";
import type { Operation } from "../../../cli/stack/operation";
import { BrakeHandle } from "../../../cli/traffic/brake";
import { liveDigest } from "../../../decisions/release/digest";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import type { Release } from "../../../decisions/stack/config";
import type { HistoryEntry } from "../../../decisions/stack/history";
import { readMessage } from "../../../decisions/stack/updateMessage";
import { parameters as paths } from "../../../decisions/stack/names";
import { allTo, routingFor } from "../../../decisions/traffic/routing";
import { after, deployed, digestOf, entry, record, sample, served } from "../../decisions/samples";
import { fakeContext, type FakeCloud } from "../fakes";

/** Time that passes only while somebody waits. */
function quickClock(): Clock {
  let at = Date.UTC(2026, 10, 24);
  return {
    now: () => new Date(at),
    wait: async (milliseconds, signal) => {
      await new Promise((passed) => setImmediate(passed));
      signal?.throwIfAborted();
      at += milliseconds;
    },
  };
}

const project = resolve(__dirname, "../../..");
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "deployment-safety-deploy-"));
  for (const name of ["Pulumi.yaml", "Pulumi.prod.yaml"])
    writeFileSync(join(root, name), readFileSync(join(project, name), "utf8"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A stack where `releases` were applied, oldest first; an update publishes the file's release and moves the rule. */
function stackWith(raw: Raw, ...releases: [Release, ...Release[]]) {
  const file = join(root, "Pulumi.prod.yaml");
  const write = (release: Release) =>
    writeFileSync(file, withKey(readFileSync(file, "utf8"), "deployment-safety:release", release));
  const current = releases.at(-1) ?? releases[0];
  write(current);
  const cloud: FakeCloud = {
    routing: routingFor(current),
    healthy: 9,
    answer: (slot) => {
      const release = readStackFile(root, "prod").settings.release;
      const { routing } = cloud;
      if (slot === undefined && routing.traffic === "paused") return { status: 503, paused: true };
      const serving = slot ?? (routing.traffic === "open" && routing.weights.blue > 50 ? "blue" : "green");
      return { release: release.slots[serving]?.image.split("@")[1] };
    },
    sets: [],
  };
  const ctx = fakeContext(cloud);
  const history: HistoryEntry[] = releases.map((release) => entry(release)).reverse();
  const engine = {
    history: async () => history,
    pending: async () => [],
    outputOf: async () => undefined,
    up: async ({ message }: { message: string }) => {
      const { release } = readStackFile(root, "prod").settings;
      ctx.parameters.values.set(paths.release("prod"), JSON.stringify(release));
      cloud.routing = routingFor(release);
      history.unshift(entry(release, { message }));
      return [];
    },
    unlock: async () => undefined,
  } satisfies Engine;
  ctx.parameters.values.set(paths.release("prod"), JSON.stringify(current));
  const settings = readStackFile(root, "prod").settings;
  const ports = {
    command: "deploy",
    root,
    engine,
    clock: quickClock(),
    file: { ...readStackFile(root, "prod"), path: file },
    settings: { ...settings, reporting: undefined, promotedFrom: undefined, smoke: [] },
    options: readOptions({ actor: "ada", ...raw }, {}),
    cluster: { endMigrations: async () => [], databaseUrl: () => Promise.reject(new Error("away")) },
    stopUpdates: ctx.signal,
    abort: () => undefined,
  };
  return { cloud, engine, history, ctx: Object.assign(ctx, ports) as unknown as typeof ctx & Context };
}

/** Promotes the canary of release 2 as a deploy does. */
function promote(stack: ReturnType<typeof stackWith>) {
  const { ctx } = stack;
  const before = (operation: Operation) => ({
    step: "promote" as const,
    release: releaseAfter.promote(operation.current),
    why: "",
  });
  return operate(ctx, { version: "1.2.0" }, async (operation) => {
    const brake = new BrakeHandle(ctx);
    const supervisor = new CanarySupervisor({ operation, digest: digestOf(2), saved: undefined, brake });
    // Nobody watches here: what fails is the update itself.
    supervisor.watchBefore = async () => undefined;
    const deployment = {
      operation,
      record: record(2),
      supervisor,
      brake,
      incident: new RollbackIncident(ctx),
    };
    return deployStep(deployment, before(operation)).finally(() => brake.handBack());
  });
}
const steps = (history: readonly HistoryEntry[]) =>
  history
    .flatMap(({ message }) => readMessage(message).note ?? [])
    .map((note) => `${note.operation} ${note.step}`);

describe("a step of a deploy that fails", () => {
  const canary = deployed(served(), 2)[2]!;

  it("ends with the release before in place, and says so without throwing", async () => {
    const stack = stackWith({}, served(), canary);
    const { engine, cloud, ctx } = stack;
    stack.ctx.parameters.values.set(
      paths.evidence("prod", "verdict", String(canary.serial)),
      JSON.stringify({ digest: digestOf(2), verdict: "promote", at: "now" }),
    );
    const { up } = engine;
    engine.up = async () => {
      engine.up = up;
      throw new UpdateFailed(["pods are not ready"], "failed", undefined);
    };
    const outcome = await promote(stack);
    expect(outcome).toMatchObject({ kind: "rolled-back", message: /not ready/ });
    const { release } = readStackFile(root, "prod").settings;
    expect([liveDigest(release), release.validated, cloud.routing]).toEqual([
      digestOf(1),
      digestOf(1),
      allTo("blue"),
    ]);
    expect([...ctx.parameters.values.keys()]).toContain(`/deployment-safety/prod/refused/${"2".repeat(64)}`);
    expect(steps(stack.history)).toEqual(["deploy validate", "deploy rollback"]);
  });
  it("leaves everything alone where the program refuses what was not exposed", async () => {
    const loaded = deployed(served(), 2)[3]!;
    const stack = stackWith({}, served(), loaded);
    await expect(promote(stack)).rejects.toMatchObject({ exitCode: 4 });
    expect([stack.cloud.sets, steps(stack.history)]).toEqual([[], []]);
  });
});

describe("make rollback", () => {
  it("brakes, reverts and validates, as an operation of its own name", async () => {
    const stack = stackWith({ version: sample(1).version }, served(), after(served(), 2));
    stack.ctx.parameters.values.set(
      paths.evidence("prod", "validated", "1".repeat(64)),
      JSON.stringify({ digest: digestOf(1) }),
    );
    await rollback(stack.ctx);
    expect(stack.cloud.sets[0]).toEqual(allTo("blue"));
    const { release } = readStackFile(root, "prod").settings;
    expect([liveDigest(release), release.validated]).toEqual([digestOf(1), digestOf(1)]);
    expect(steps(stack.history)).toContain("rollback rollback");
    expect(stack.ctx.parameters.values.has(paths.lease("prod"))).toBe(false);
    expect(stack.ctx.parameters.values.has(paths.killSwitch("prod"))).toBe(false);
  });
});
