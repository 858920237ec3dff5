import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { runtime } from "@pulumi/pulumi";
import { require as load } from "tsx/cjs/api";
import { describe, expect, it, vi } from "vitest";
import type { Release } from "../../decisions/stack/config";
import { rollbackVariable } from "../../decisions/stack/names";
import { emptyRelease, releaseAfter } from "../../decisions/release/nextRelease";
import { type Answers, type Declared, declare, named, promiseOf } from "../components/declared";
import { stackFile } from "../components/settings";
import { digestOf, migrationOf, sample, served } from "../decisions/samples";

/** The whole program under mocks: what is published and what the file says goes in, what is declared comes out. */

const listenerArn = (stackFile("prod").network as { listenerArn: string }).listenerArn;
const loadBalancerArn =
  "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/school-prod/50dc6c495c0c9188";

interface World {
  release: Release;
  published?: Release;
  /** More parameters, path below the root -> content. */
  parameters?: Record<string, object>;
  /** What staging has validated. */
  staging?: string;
  answers?: Answers;
}

function answersOf({ published, parameters = {}, staging }: World): Answers {
  const values = Object.entries({ ...parameters, ...(published && { release: published }) });
  return {
    "aws:lb/getListener:getListener": ({ arn }) => ({ arn, loadBalancerArn }),
    "aws:ssm/getParametersByPath:getParametersByPath": ({ path, recursive }) =>
      recursive
        ? {
            names: values.map(([name]) => `${String(path)}${name}`),
            values: values.map(([, value]) => JSON.stringify(value)),
          }
        : { names: [], values: [] },
    "pulumi:pulumi:readStackOutputs": () => ({
      outputs: staging === undefined ? {} : { validated: staging },
    }),
  };
}

/** index.ts exports a function in the way of CommonJS, so it is loaded as Pulumi loads it. */
function loadProgram(): () => Promise<Record<string, unknown>> {
  const mapped = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
  const program = load("../../index.ts", __filename) as () => Promise<Record<string, unknown>>;
  // The program gives up source maps, but a test that fails should show its own line.
  if (mapped) Object.defineProperty(Error, "prepareStackTrace", mapped);
  return program;
}

async function run(
  world: World,
): Promise<{ declared: Map<string, Declared>; outputs: Record<string, unknown> }> {
  let outputs: Record<string, unknown> = {};
  const config = { ...stackFile("prod"), release: world.release };
  runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        `deployment-safety:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
  );
  const program = loadProgram();
  const declared = await declare(
    async () => {
      outputs = await program();
    },
    { ...answersOf(world), ...world.answers },
  );
  return { declared, outputs };
}

/** Release 2 in the idle slot, on the revision that the database is at. */
const loaded = releaseAfter.load(served(), sample(2, sample(1).revision));

describe("the program", () => {
  it("declares an empty stack on a first run: paused, no workload, no migration", async () => {
    const { declared, outputs } = await run({ release: emptyRelease() });
    const types = [...declared.values()].map(({ type }) => type);
    expect(types).not.toContain("kubernetes:apps/v1:Deployment");
    expect(types).not.toContain("kubernetes:batch/v1:Job");
    expect(types).toContain("aws:backup/plan:Plan");
    expect(outputs).toMatchObject({ validated: "", url: "https://school.example.com" });
  });

  it("publishes the release last of all: after both slots, the migration, flags, alarms and backups", async () => {
    const { declared } = await run({ release: loaded, published: loaded });
    const { inputs, dependsOn } = named(declared, "published-release");
    expect(inputs.name).toBe("/deployment-safety/prod/release");
    expect(JSON.parse(inputs.insecureValue as string)).toEqual(loaded);
    const others = [...declared.values()].filter(
      ({ name, type }) => name !== "published-release" && !/^(pulumi|deployment-safety):/.test(type),
    );
    expect(others.map(({ name }) => name).filter((name) => !dependsOn.includes(name))).toEqual([]);
  });

  describe("roles of the database", () => {
    const isRole = ({ type }: Declared) => type.startsWith("postgresql:");
    const waitingFor = (declared: Map<string, Declared>): string[] => {
      const roles = new Set([...declared.values()].filter(isRole).map(({ name }) => name));
      expect(roles.size).toBeGreaterThan(10);
      const waiting = ({ dependsOn }: Declared) => dependsOn.some((name) => roles.has(name));
      return [...declared.values()].filter((one) => !isRole(one) && waiting(one)).map(({ name }) => name);
    };
    const world = { release: loaded, published: loaded };

    it("come before whatever migrates, and before the release is published", async () => {
      const { declared } = await run(world);
      expect(waitingFor(declared)).toEqual(
        expect.arrayContaining(["migration-job", "reporting-job", "published-release"]),
      );
    });

    it("hold up nothing on a way back: whatever depended on one that was left out would spoil the state", async () => {
      vi.stubEnv(rollbackVariable, "1");
      try {
        const { declared } = await run(world);
        expect(waitingFor(declared)).toEqual([]);
      } finally {
        vi.unstubAllEnvs();
      }
    });

    it("wait for nothing that a release replaces: a way back leaves them out, and then none of that is deleted", async () => {
      const { declared } = await run(world);
      const byName = new Map([...declared.values()].map((one) => [one.name, one]));
      const needed = new Set([...declared.values()].filter(isRole).flatMap(({ dependsOn }) => dependsOn));
      for (const name of needed) for (const next of byName.get(name)?.dependsOn ?? []) needed.add(next);
      const workloads = [...needed].filter((name) => byName.get(name)?.type.startsWith("kubernetes:"));
      expect(workloads).toEqual(["reporting-job"]);
    });
  });

  it("gives what other stacks and the commands look for", async () => {
    const { outputs } = await run({ release: loaded, published: loaded });
    expect(outputs).toMatchObject({ validated: digestOf(1), release: loaded });
    const arns = outputs.targetGroupArns as Record<string, Parameters<typeof promiseOf>[0]>;
    expect(await promiseOf(arns.blue!)).toContain("school-prod-blue");
    expect(await promiseOf(outputs.listenerRuleArn as Parameters<typeof promiseOf>[0])).toContain(
      "release-traffic",
    );
  });

  const refusals: [string, World, RegExp][] = [
    [
      "a file without a flag's hold",
      {
        release: loaded,
        published: loaded,
        parameters: { "flags/gradebook-v2": { metadata: { held: "wrong grades (incident inc-7)" } } },
      },
      /`heldFlags.gradebook-v2` is missing: the flag is held \(wrong grades \(incident inc-7\)\)/,
    ],
    [
      "a file that is behind",
      { release: served(), published: loaded },
      /^Refused: the release in Pulumi\.prod\.yaml.*\n {2}- .*behind.*make sync/,
    ],
    [
      "two steps at once",
      {
        release: { ...releaseAfter.canary(releaseAfter.load(served(), sample(2))), serial: loaded.serial },
        published: served(),
        staging: digestOf(2),
      },
      /^Refused: /,
    ],
    [
      "a canary that staging has not validated",
      { release: releaseAfter.canary(loaded), published: loaded, staging: digestOf(1) },
      /^Refused: .*\n[^]*staging/,
    ],
    [
      "an update while somebody else's operation is under way",
      {
        release: loaded,
        published: loaded,
        parameters: {
          lease: {
            id: "1",
            operation: "deploy",
            actor: "sam",
            host: "elsewhere",
            pid: 1,
            since: new Date().toISOString(),
            heartbeat: new Date().toISOString(),
          },
        },
      },
      /^Refused: .*\n {2}- Another operation holds this stack:.*sam/,
    ],
    [
      "a stack whose listener is not there",
      {
        release: emptyRelease(),
        answers: {
          "aws:lb/getListener:getListener": () => {
            throw new Error("ListenerNotFound");
          },
        },
      },
      new RegExp(`network\\.listenerArn.*not there.*${listenerArn}`),
    ],
    [
      "a listener that is not there and an illegal step, both at once",
      {
        release: releaseAfter.canary(loaded),
        published: loaded,
        staging: digestOf(1),
        answers: {
          "aws:lb/getListener:getListener": () => {
            throw new Error("ListenerNotFound");
          },
        },
      },
      /network\.listenerArn[^]*Refused: /,
    ],
    [
      "a step where the earlier stage is not there",
      {
        release: releaseAfter.canary(loaded),
        published: loaded,
        answers: {
          "pulumi:pulumi:readStackOutputs": () => {
            throw new Error("unknown stack");
          },
        },
      },
      /promotedFrom names a stack .*: organization\/deployment-safety\/staging\n/,
    ],
    [
      "parameters that nobody can read",
      { release: loaded, published: loaded, parameters: { "refused/ab": { digest: 1 } } },
      /refused\/ab/,
    ],
  ];

  it.each(refusals)("refuses %s, and has declared nothing", async (_, world, message) => {
    const created: string[] = [];
    const seen = declareWatch(created);
    await expect(run({ ...world, answers: { ...world.answers, ...seen } })).rejects.toThrow(message);
    expect(created).toEqual([]);
  });

  it("takes the lease of a process that has ended as free, although its parent has not collected it yet", async () => {
    const parent = spawn("sh", ["-c", "true & echo $!; exec sleep 30"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const [line] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(line.toString());
      const now = new Date().toISOString();
      const lease = {
        id: "1",
        operation: "deploy",
        actor: "sam",
        host: hostname(),
        pid,
        since: now,
        heartbeat: now,
      };
      await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^State:\s+Z/m));
      await run({ release: loaded, published: loaded, parameters: { lease } });
    } finally {
      parent.kill("SIGKILL");
    }
  });

  it("asks the earlier stage only where there is a step for it to allow", async () => {
    const asked: unknown[] = [];
    const answers: Answers = {
      "pulumi:pulumi:readStackOutputs": ({ name }) => {
        asked.push(name);
        return { outputs: { validated: digestOf(2) } };
      },
    };
    await run({ release: loaded, published: loaded, answers });
    expect(asked).toEqual([]);
    await run({ release: releaseAfter.canary(loaded), published: loaded, answers });
    expect(asked).toEqual(["organization/deployment-safety/staging"]);
  });

  it("refuses a migration whose revisions have no review, no proof and no seeds that ran on them", async () => {
    const migrated = releaseAfter.migrate(emptyRelease(), migrationOf(1));
    await expect(run({ release: migrated, published: emptyRelease() })).rejects.toThrow(
      /^Refused: [^]*revisions-reviewed: [^]*seeds-current: [^]*downgrades-proved: /,
    );
  });

  it("takes a migration alone, and then the release", async () => {
    const migrated = releaseAfter.migrate(emptyRelease(), migrationOf(1));
    const { declared } = await run({ release: migrated, published: migrated });
    expect(named(declared, "migration-job").inputs.metadata).toMatchObject({ namespace: "school-prod" });
  });

  it("publishes flags after a migration up, and before one down: none may be on without its revision", async () => {
    const { image } = sample(2);
    const old = { ...served(), migration: { revision: "3f2a77aa", image } };
    const up = releaseAfter.migrate(old, { revision: "9c1b0d2f", image });
    // Both applied again: whether the revision is proved and reviewed is asked where it is new.
    const { declared } = await run({ release: up, published: up });
    expect(named(declared, "flags-gradebook-v2").dependsOn).toContain("migration-job");
    const paused = releaseAfter.pause(up);
    const down = releaseAfter.downgrade(paused, { revision: "3f2a77aa" });
    const after = (await run({ release: down, published: down })).declared;
    expect(named(after, "migration-job").dependsOn).toContain("flags-gradebook-v2");
    expect(named(after, "flags-gradebook-v2").dependsOn).not.toContain("migration-job");
  });
});

/** Answers that note each resource of a kind that only the program itself declares. */
function declareWatch(created: string[]): Answers {
  const note = (type: string) => () => {
    created.push(type);
    return {};
  };
  return Object.fromEntries(
    ["aws:lb/targetGroup:TargetGroup", "aws:backup/vault:Vault", "aws:ssm/parameter:Parameter"].map(
      (type) => [type, note(type)],
    ),
  );
}
