import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Lease } from "../../decisions/stack/lease";
import { parameters } from "../../decisions/stack/names";
import { createParameters } from "../../cli/ports/parameters";
import type { CommandResult } from "../../rehearsal/harness/act/commands";
import { Context } from "../../rehearsal/harness/context";
import { places } from "../../rehearsal/harness/machine/environment";
import { interruptPostgres } from "../../rehearsal/harness/machine/postgres";
import { until } from "../../rehearsal/harness/machine/processes";
import { recordOf } from "../../rehearsal/harness/act/releases";
import { up } from "../../rehearsal/harness/machine/up";

/**
 * What a person may get wrong, in whole commands on the real engine: each is refused with the documented exit code and a
 * message that helps, and changes nothing. The rehearsal is one of its own, so that a developer's may be running.
 */
const project = join(__dirname, "../..");
const home = join(project, ".rehearsal/engine-test");
const stack = "staging";

let context: Context;
/** Ends the rehearsal once its stdin is closed: by this test, or by the system where the test was killed. */
let end: ChildProcess;
const whenClosed =
  'process.stdin.resume().once("end", () => import("./rehearsal/harness/machine/up.ts").then(({ down }) => down(process.argv[1])));';
/** The stack file after the first release. */
let good: string;
/** What no refused command may change: the file, the published release, the listener's rules, the succeeded updates. */
let before: unknown;

beforeAll(async () => {
  mkdirSync(home, { recursive: true });
  end = spawn(process.execPath, ["--import", "tsx", "-e", whenClosed, home], {
    cwd: project,
    stdio: ["pipe", "ignore", "inherit"],
    // A signal to the group of the test must not reach the one that cleans up after it.
    detached: true,
  });
  context = new Context(home, await up(project, home));
  await context.expect(0, "deploy", { STACK: stack, VERSION: "1.0.0" });
  good = context.stackFile(stack);
  before = await context.everything(stack);
}, 200_000);

afterAll(async () => {
  const ended = once(end, "exit");
  end.stdin?.end();
  expect(await ended, "exit code and signal of the end of the rehearsal").toEqual([0, null]);
}, 60_000);

/** Runs a command without make, which costs half a second less. */
const command = (name: string, values: Record<string, string> = {}): Promise<CommandResult> =>
  context.run([process.execPath, "--import", "tsx", "cli/main.ts", name], {
    STACK: stack,
    JSON: "1",
    ...values,
  });

const pulumi = (...words: string[]): Promise<CommandResult> =>
  context.run(["pulumi", ...words, "--stack", stack, "--non-interactive", "--color", "never"]);

const pulumiUp = (): Promise<CommandResult> => pulumi("up", "--yes", "--skip-preview");

const write = (text: string): void => writeFileSync(join(context.copy, `Pulumi.${stack}.yaml`), text);

type Piece = [from: string | RegExp, to: string];

/** `text` with each piece replaced; a piece that is not there is a fault of the test. */
function edited(text: string, ...pieces: Piece[]): string {
  return pieces.reduce((now, [from, to]) => {
    const next = now.replace(from, to);
    if (next === now) throw new Error(`the stack file has no ${String(from)}:\n${now}`);
    return next;
  }, text);
}

const emptySlots: Piece = [/ slots:\n(?: {6}.*\n)+/, " slots: {}\n"];
const tag: Piece = [/image: "[^"]+"/, 'image: "example.com/school:1.0.0"'];
const anotherListener =
  "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/none/0123456789abcdef/0123456789abcdef";
const noListener: Piece = [/listenerArn: .+/, `listenerArn: ${anotherListener}`];

const messageOf = (result: CommandResult): string => String(result.json.error);

/** Puts the good file back, after the faulty one was seen to be as it was written, and sees that all else is as before. */
async function nothingChanged(given: string): Promise<void> {
  expect(context.stackFile(stack), "the stack file").toBe(given);
  write(good);
  expect(await context.everything(stack)).toEqual(before);
}

describe("a faulty stack file", () => {
  afterEach(() => write(good));

  const faults: { name: string; edit: Piece; says: (string | RegExp)[] }[] = [
    {
      name: "a number for a revision",
      edit: [/revision: ".+"/, "revision: 12"],
      says: ["release.slots.blue.revision", "must be a quoted string", "given: 12"],
    },
    {
      name: "a string for canaryWeight",
      edit: ["canaryWeight: 0", 'canaryWeight: "10"'],
      says: ["release.canaryWeight", "expected number", 'given: "10"'],
    },
    {
      name: "a canary of 11 %",
      edit: ["canaryWeight: 0", "canaryWeight: 11"],
      says: ["release.canaryWeight", "must be 0 to 10", "given: 11"],
    },
    {
      name: "a weight without a canary",
      edit: ["canaryWeight: 0", "canaryWeight: 10"],
      says: [
        "release.canaryWeight: is 10 but slot green is empty",
        "load a release into green first, or set 0",
      ],
    },
    {
      name: "an empty live slot",
      edit: emptySlots,
      says: ["release.live: is blue but that slot is empty", "name the slot that holds a release"],
    },
    {
      name: "a tag instead of a digest",
      edit: tag,
      says: ["release.slots.blue.image", "name@sha256:<64 hex digits>", "example.com/school:1.0.0"],
    },
    {
      name: "an unknown key",
      edit: ["canaryWeight: 0", "canaryWeight: 0\n    canaryWieght: 5"],
      says: ["release.canaryWieght", "is not a known key", /allowed.*canaryWeight/],
    },
  ];
  for (const { name, edit, says } of faults)
    it(`with ${name} ends a command with 3, says key, value and what is allowed, and changes nothing`, async () => {
      const given = edited(good, edit);
      write(given);
      const result = await command("deploy", { VERSION: "1.1.0" });
      expect(result.exitCode, result.stderr).toBe(3);
      expect(messageOf(result)).toContain(`Pulumi.${stack}.yaml`);
      for (const part of says) expect(messageOf(result)).toMatch(part);
      await nothingChanged(given);
    });

  it("with several faults is told all of them at once, by a command that goes back as by one that releases", async () => {
    const given = edited(good, ["canaryWeight: 0", "canaryWeight: 11"], tag, [
      "deployment-safety:slo:",
      "deployment-safety:sloo:",
    ]);
    write(given);
    for (const [name, VERSION] of [
      ["deploy", "1.1.0"],
      ["rollback", "1.0.0"],
    ] as const) {
      const result = await command(name, { VERSION });
      expect(result.exitCode, result.stderr).toBe(3);
      for (const path of ["release.canaryWeight", "release.slots.blue.image", "slo", "sloo"])
        expect(messageOf(result)).toContain(`${path}: `);
    }
    await nothingChanged(given);
  });

  it("that names a listener which is not there ends a deploy with 3, key and ARN, and changes nothing", async () => {
    const given = edited(good, noListener);
    write(given);
    const result = await command("deploy", { VERSION: "1.1.0" });
    expect(result.exitCode, result.stderr).toBe(3);
    expect(messageOf(result)).toContain("network.listenerArn");
    expect(messageOf(result)).toContain(anotherListener);
    await nothingChanged(given);
  });
});

describe("a wrong argument", () => {
  it("VERSION that no release has ends deploy with 2 and the versions that there are", async () => {
    const result = await command("deploy", { VERSION: "9.9.9" });
    expect(result.exitCode, result.stderr).toBe(2);
    expect(messageOf(result)).toMatch(/no version `9\.9\.9`.*Known versions: 1\.0\.0, 1\.1\.0/s);
    await nothingChanged(good);
  });

  it("VERSION that history does not know ends rollback with 2 and the known-good ones", async () => {
    const result = await command("rollback", { VERSION: "9.9.9" });
    expect(result.exitCode, result.stderr).toBe(2);
    expect(messageOf(result)).toMatch(/no version `9\.9\.9`.*Known-good versions: 1\.0\.0/s);
    await nothingChanged(good);
  });

  it("a missing VERSION ends make with 2, as its JSON says, and what may be given", async () => {
    const deploy = await context.make("deploy", { STACK: stack });
    expect(deploy.json).toMatchObject({ command: "deploy", stack, exitCode: 2 });
    expect(messageOf(deploy)).toMatch(/VERSION is missing\. Known versions: 1\.0\.0/);
    const rollback = await command("rollback");
    expect(rollback.exitCode).toBe(2);
    expect(messageOf(rollback)).toMatch(/VERSION \(or UPDATE\) is missing.*1\.0\.0/s);
    await nothingChanged(good);
  });

  it("an unknown STACK ends with 2 and the stacks that there are, and makes none", async () => {
    const result = await command("deploy", { STACK: "stagin", VERSION: "1.1.0" });
    expect(result.exitCode, result.stderr).toBe(2);
    expect(messageOf(result)).toMatch(/no stack `stagin`.*Known stacks: prod, staging/s);
    expect(existsSync(join(context.copy, "Pulumi.stagin.yaml"))).toBe(false);
    await nothingChanged(good);
  });
});

describe("a stack that somebody else is changing", () => {
  it("ends a command with 7, saying who and since when, while a live operation holds the lease; a plain preview is refused too", async () => {
    Object.assign(process.env, context.environment);
    const lease: Lease = {
      id: "another",
      operation: "deploy",
      version: "1.2.0",
      actor: "ada",
      host: hostname(),
      pid: process.pid,
      since: "2027-01-02T03:04:05.000Z",
      heartbeat: new Date(Date.now() + 600_000).toISOString(),
    };
    const port = createParameters(undefined);
    const path = parameters.lease(stack);
    expect(await port.create(path, JSON.stringify(lease))).toBe(true);
    try {
      const result = await command("deploy", { VERSION: "1.1.0" });
      expect(result.exitCode, result.stderr).toBe(7);
      const holder = `deploy of 1.2.0 by ada on ${lease.host} (process ${lease.pid}) since ${lease.since}`;
      expect(messageOf(result)).toContain(holder);
      expect(result.json).toMatchObject({ lease, next: `make status STACK=${stack}` });
      const preview = await pulumi("preview");
      expect(preview.exitCode).not.toBe(0);
      expect(preview.stdout + preview.stderr).toContain(`Another operation holds this stack: ${holder}`);
      expect(await port.read(path), "the holder's lease").toBe(JSON.stringify(lease));
    } finally {
      await port.remove(path);
    }
    await nothingChanged(good);
  });

  it("ends a command with 7 while a plain `pulumi up` runs, saying whose it is, and leaves that one alone", async () => {
    const update = spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack], {
      cwd: context.copy,
      env: { ...process.env, ...context.environment },
      stdio: "ignore",
    });
    const ended = once(update, "exit");
    const locks = join(places(home).state, ".pulumi/locks/organization/deployment-safety", stack);
    try {
      await until("the update holds the stack's lock", 30, () =>
        Promise.resolve(existsSync(locks) && readdirSync(locks).length > 0),
      );
      // A process that is stopped lives and goes no further: the lock is held for as long as the test needs it.
      update.kill("SIGSTOP");
      const result = await context.make("migrate", { STACK: stack, VERSION: "1.1.0" });
      expect(result.exitCode, result.stderr).toBe(7);
      expect(messageOf(result)).toMatch(
        new RegExp(`locked by \\S+@${hostname()} \\(pid ${update.pid ?? 0}\\) since \\d{4}-\\d\\d-\\d\\dT`),
      );
      await nothingChanged(good);
    } finally {
      update.kill("SIGCONT");
      await ended;
      write(good);
      before = await context.everything(stack);
    }
    expect(update.exitCode, "exit code of the other update").toBe(0);
  });
});

describe("a database that is down", () => {
  it("ends migrate with 5 and the Job's last lines, changes nothing; once it is up the same command succeeds", async () => {
    const wanted = { STACK: stack, VERSION: "1.1.0" };
    interruptPostgres(home, "stop");
    let failed: CommandResult;
    try {
      failed = await context.make("migrate", wanted);
    } finally {
      interruptPostgres(home, "start");
    }
    expect(failed.exitCode, failed.stderr).toBe(5);
    const { revision } = recordOf(context, "1.1.0");
    expect(messageOf(failed)).toContain(`migrate-${revision}`);
    expect(messageOf(failed)).toMatch(/connection.*127\.0\.0\.1.*failed/is);
    await nothingChanged(good);

    await context.expect(0, "migrate", wanted);
    expect((await context.published(stack))?.migration?.revision).toBe(revision);
  });
});

describe("plain pulumi", () => {
  beforeAll(async () => {
    good = context.stackFile(stack);
    before = await context.everything(stack);
  });
  afterEach(() => write(good));

  it("previews no change with the file that the commands wrote", async () => {
    const preview = await pulumi("preview", "--expect-no-changes");
    expect(preview.exitCode, preview.stdout + preview.stderr).toBe(0);
    await nothingChanged(good);
  });

  /** The serial that a person writes who means to take a step. */
  const nextSerial = (): Piece => [/serial: \d+/, `serial: ${Number(/serial: (\d+)/.exec(good)?.[1]) + 1}`];
  const refused: { name: string; edits: () => Piece[]; says: (string | RegExp)[] }[] = [
    {
      name: "several faults, all of them said",
      edits: () => [["canaryWeight: 0", "canaryWeight: 11"], tag],
      says: [/canaryWeight: must be 0 to 10.*given: 11/, /slots\.blue\.image: must name an image by digest/],
    },
    {
      name: "an empty live slot and a pause once a release is published",
      edits: () => [nextSerial(), emptySlots, ["traffic: open", "traffic: paused"]],
      says: ["Refused: ", /not one step: `release\.slots\.blue`, `release\.traffic`/],
    },
    {
      name: "a listener that is not there",
      edits: () => [noListener],
      says: ["deployment-safety:network.listenerArn", anotherListener, "Give the ARN of a listener"],
    },
  ];
  for (const { name, edits, says } of refused)
    it(`refuses an up with ${name}, and changes nothing`, async () => {
      const given = edited(good, ...edits());
      write(given);
      const result = await pulumiUp();
      expect(result.exitCode).not.toBe(0);
      for (const part of says) expect(result.stdout + result.stderr).toMatch(part);
      await nothingChanged(given);
    });
});
