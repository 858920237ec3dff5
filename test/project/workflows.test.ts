import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { documentsOf, roleOf } from "../../rehearsal/harness/permissions/roles";
import { root, targets } from "./documents";

/** The workflows: an adopter's releases, and ci.yml of the project itself. actionlint checks their form; this file checks what they do and may do. */

interface Step {
  uses?: string;
  with?: Record<string, unknown>;
  run?: string;
}
interface Job {
  steps?: Step[];
  uses?: string;
  with?: Record<string, string>;
  permissions?: Record<string, string>;
  concurrency?: { "cancel-in-progress": boolean };
  strategy?: { matrix: Record<string, string[]> };
  environment?: string;
  secrets?: "inherit" | Record<string, string>;
  outputs?: Record<string, string>;
  "timeout-minutes"?: number;
}
interface Workflow {
  name: string;
  on: Record<string, unknown>;
  permissions: unknown;
  jobs: Record<string, Job>;
}

const folder = join(root, ".github/workflows");
const workflows = new Map(
  readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")] as const),
);
const parsed = [...workflows].map(([name, text]) => ({
  ...(parse(text) as Workflow),
  name,
  text,
}));
const jobs = parsed.flatMap(({ name, jobs: all }) =>
  Object.entries(all).map(([id, job]) => ({ at: `${name}: ${id}`, ...job })),
);

describe("the workflows", () => {
  it("begin without any permission, and each job names its own", () => {
    expect(
      parsed.filter(({ permissions }) => JSON.stringify(permissions) !== "{}").map(({ name }) => name),
    ).toEqual([]);
    expect(jobs.filter(({ permissions }) => permissions === undefined).map(({ at }) => at)).toEqual([]);
  });
  it("write to the repository only where a command's changes come back as a pull request, in a job without AWS's rights", () => {
    const writing = jobs.filter(({ permissions, steps }) => steps && permissions?.contents === "write");
    expect(writing.map(({ at }) => at)).toEqual(["run-command.yml: propose"]);
    for (const { permissions, steps = [] } of writing) {
      expect(permissions?.["id-token"]).toBeUndefined();
      expect(steps.flatMap(({ run }) => run ?? [])).toEqual(["make propose"]);
      // What the other job made must not lie where the Makefile of this one does.
      const place = steps.find(({ uses }) => uses?.startsWith("actions/download-artifact@"))?.with?.path;
      expect(place).toBe("${{ runner.temp }}/changes");
    }
    const calling = jobs.filter(({ permissions, uses }) => uses && permissions?.contents === "write");
    expect(calling.filter(({ uses }) => uses !== "./.github/workflows/run-command.yml")).toEqual([]);
  });
  it("install before they have any rights, and give secrets to no step but the commands'", () => {
    for (const { at, steps = [], ...job } of jobs.filter(({ steps: all }) => all)) {
      const index = (what: RegExp) =>
        steps.findIndex(({ run, uses }) => what.test(`${run ?? ""}${uses ?? ""}`));
      const takes = index(/configure-aws-credentials/);
      if (takes >= 0) expect(index(/make setup-commands/), at).toBeLessThan(takes);
      const given = steps.filter((step) => JSON.stringify(step).includes("secrets."));
      expect(
        given.filter(({ run }) => !/^make ("\$TARGET"|report)/.test(run ?? "")),
        at,
      ).toEqual([]);
      expect(JSON.stringify(job), at).not.toContain("secrets.");
    }
  });
  it("hand over what they cannot deliver, for the runner is gone afterwards", () => {
    const command = parse(workflows.get("run-command.yml") ?? "") as { jobs: { run: { env: object } } };
    expect(command.jobs.run.env).toMatchObject({ EPHEMERAL: "1" });
  });
  it("take other people's actions by commit, with the version beside it", () => {
    const used = [...workflows].flatMap(([name, text]) =>
      [...text.matchAll(/uses: (?!\.\/)(.*)$/gm)].map(([, uses = ""]) => `${name}: ${uses}`),
    );
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((line) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });
  it("run nothing but targets of make that are there", () => {
    const runs = jobs.flatMap(({ at, steps = [] }) =>
      steps.flatMap(({ run }) => (run === undefined ? [] : [{ at, run }])),
    );
    const wrong = runs.filter(({ run }) => {
      const target = /^make ("\$TARGET"|[a-z-]+)(?: [A-Z_]+=[\w.]+)*(?: >> "\$GITHUB_OUTPUT")?$/.exec(
        run,
      )?.[1];
      return target === undefined || (target !== '"$TARGET"' && !targets.has(target));
    });
    expect(wrong).toEqual([]);
    const given = jobs.flatMap(({ with: values }) => values?.target ?? []);
    expect(given.sort()).toEqual([
      "apply",
      "apply",
      "deploy",
      "deploy",
      "drift",
      "drill",
      "preview",
      "rollback",
    ]);
    expect(given.filter((target) => !targets.has(target))).toEqual([]);
  });
  it("lint and test each pull request of the project itself, with no right but to read it", () => {
    const ci = parsed.find(({ name }) => name === "ci.yml");
    expect(Object.keys(ci?.on ?? {})).toEqual(["pull_request", "push"]);
    const [job, ...more] = Object.values(ci?.jobs ?? {});
    expect(more).toEqual([]);
    expect(job?.permissions).toEqual({ contents: "read" });
    expect(job?.strategy?.matrix.target).toEqual(["lint", "test"]);
    expect(job?.steps?.at(-1)?.run).toBe('make "$TARGET"');
    for (const target of ["lint", "test"]) expect(targets).toContain(target);
    expect(ci?.text).not.toMatch(/secrets\.|vars\.|id-token|environment:/);
  });
  it("key every cache by what fills it, and share none between tests and jobs that hold an AWS role", () => {
    const caches = jobs.flatMap(({ at, steps = [] }) =>
      steps.flatMap((step) =>
        step.uses?.startsWith("actions/cache@") ? [{ at, key: String(step.with?.key) }] : [],
      ),
    );
    expect(caches.length).toBeGreaterThan(3);
    for (const { at, key } of caches) {
      expect(key, at).toMatch(/-\$\{\{ hashFiles\(.+\) \}\}$/);
      expect(key.startsWith("ci-"), at).toBe(at.startsWith("ci.yml"));
    }
  });
  it("act on a stack one at a time, never end one another, and only in the environment of stack and command", () => {
    const command = jobs.find(({ at }) => at === "run-command.yml: run");
    expect(command?.concurrency?.["cancel-in-progress"]).toBe(false);
    expect(command?.environment).toBe("${{ inputs.stack }}-${{ inputs.target }}");
  });
  it("run nothing in an environment but commands that have a role of their own", () => {
    const acting = jobs.filter(({ uses }) => uses === "./.github/workflows/run-command.yml");
    expect(acting.length).toBeGreaterThan(3);
    for (const { at, with: { target = "" } = {} } of acting) {
      // What a merged file asks for may be anything that a deploy may do; who reviews is another question, so it has its own.
      expect(roleOf(target), at).toBe(target === "apply" ? "deploy" : target);
      expect(Object.keys(documentsOf), at).toContain(roleOf(target));
    }
  });
  it("leave no token in the checkout where a command and all that it loads could read it", () => {
    const checkouts = jobs.flatMap(({ at, steps = [] }) =>
      steps.flatMap((step) => (step.uses?.startsWith("actions/checkout@") ? [{ at, ...step }] : [])),
    );
    expect(checkouts.length).toBeGreaterThan(2);
    expect(
      checkouts.filter((step) => step.with?.["persist-credentials"] !== false).map(({ at }) => at),
    ).toEqual([]);
  });
  it("pass on all secrets only to the job in the stack's environment, and none to a pull request", () => {
    const given = jobs.filter(({ secrets }) => secrets !== undefined);
    expect(
      given
        .filter(
          ({ secrets, uses, with: values }) =>
            secrets !== "inherit" || !(uses === "./.github/workflows/run-command.yml" || values?.environment),
        )
        .map(({ at }) => at),
    ).toEqual([]);
    expect(given.filter(({ at }) => at.startsWith("preview.yml")).map(({ at }) => at)).toEqual([]);
    expect(parsed.filter(({ on }) => "pull_request_target" in on).map(({ name }) => name)).toEqual([]);
  });
  it("end by themselves: each job that runs steps has a limit", () => {
    expect(
      jobs.filter((job) => job.steps && !(Number(job["timeout-minutes"]) > 0)).map(({ at }) => at),
    ).toEqual([]);
  });
  it("need no variable, secret or length of session that the adoption guide does not name", () => {
    const guide = readFileSync(join(root, "docs/adopt.md"), "utf8");
    const all = [...workflows.values()].join("\n");
    const read = [...all.matchAll(/\b(?:vars|secrets)\.([A-Z_]+)/g)].map(([, name = ""]) => name);
    const lasting = [...all.matchAll(/role-duration-seconds: (\d+)/g)].map(([, seconds = ""]) => seconds);
    expect(read.length).toBeGreaterThan(5);
    expect(lasting.length).toBeGreaterThan(0);
    const section = /^### What the workflows need\n[^]*?(?=^##)/m.exec(guide)?.[0] ?? "";
    const missing = [...new Set([...read, ...lasting])].filter((name) => !section.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });
  it("keep whatever a person typed out of the shell's text", () => {
    for (const [name, text] of workflows) expect(text.match(/run: .*\$\{\{/g), name).toBeNull();
  });
});

describe("what they bring back", () => {
  let place: string;
  let copy: string;
  const git = (...words: string[]) =>
    execFileSync("git", ["-C", copy, ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const commit = (message: string) => {
    git("add", "--all");
    git("-c", "user.name=ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "--message", message);
  };
  /** A script of .ci as its make target runs it. */
  const run = (script: string, environment: Record<string, string>): string =>
    execFileSync(join(copy, ".ci", script), {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: `${join(place, "bin")}:${process.env.PATH ?? ""}`, HOME: place, ...environment },
    });

  /** What the copy's changes come back as: a patch from the checkout that has them, proposed in one that has not. */
  const propose = (environment: Record<string, string>): string => {
    const CHANGES = join(place, "changes.patch");
    expect(run("changes", { ...environment, OUT: CHANGES })).toBe("changed=true\n");
    git("reset", "--hard", "--quiet");
    return run("propose", { ...environment, CHANGES });
  };

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), "workflows-"));
    copy = join(place, "copy");
    for (const path of ["copy/releases", "copy/evidence/review", "bin"])
      mkdirSync(join(place, path), { recursive: true });
    cpSync(join(root, ".ci"), join(copy, ".ci"), { recursive: true });
    writeFileSync(
      join(place, "bin/gh"),
      '#!/bin/sh\nprintf "%s\\n" "$@" > "$HOME/asked"\necho https://example.com/pull/1\n',
    );
    chmodSync(join(place, "bin/gh"), 0o755);
    execFileSync("git", ["init", "--quiet", "--bare", join(place, "origin")]);
    execFileSync("git", ["init", "--quiet", "--initial-branch=main", copy]);
    git("remote", "add", "origin", join(place, "origin"));
    writeFileSync(join(copy, "Pulumi.prod.yaml"), "config: {}\n");
    commit("first");
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  it("is the stack file, on a branch of its own, and nothing else that lies about", () => {
    writeFileSync(join(copy, "Pulumi.prod.yaml"), "config: { serial: 2 }\n");
    writeFileSync(join(copy, "evidence/review/r1.json"), "{}\n");
    writeFileSync(join(copy, "report.html"), "not this\n");
    expect(
      propose({ STACK: "prod", TARGET: "deploy", VERSION: "1.2.0", GITHUB_RUN_ID: "7", ACTOR: "ada" }),
    ).toContain("pull/1");
    expect(git("show", "--name-only", "--format=%s", "origin/stack/prod-7-1").trim().split("\n")).toEqual([
      "prod as deploy 1.2.0 left it",
      "",
      "Pulumi.prod.yaml",
    ]);
    expect(readFileSync(join(place, "asked"), "utf8")).toContain("stack/prod-7-1");
  });
  it("takes a hostile version as text: no command in it runs", () => {
    const hostile = '$(touch "$HOME/ran") `touch $HOME/ran`; touch $HOME/ran --repo=evil/evil';
    writeFileSync(join(copy, "Pulumi.prod.yaml"), "config: { serial: 2 }\n");
    propose({ STACK: "prod", TARGET: "rollback", VERSION: hostile, GITHUB_RUN_ID: "8", ACTOR: "ada" });
    const title = `prod as rollback ${hostile} left it`;
    expect(git("show", "--no-patch", "--format=%s", "origin/stack/prod-8-1").trim()).toBe(title);
    expect(readFileSync(join(place, "asked"), "utf8").split("\n")).toContain(title);
    expect(readdirSync(place)).not.toContain("ran");
  });
  it("is nothing where nothing changed", () => {
    expect(run("changes", { STACK: "prod", OUT: "changes.patch" })).toBe("changed=false\n");
  });
  it.each([
    ["a new file beside it", () => writeFileSync(join(copy, ".ci/evil"), "#!/bin/sh\n")],
    ["who may sign", () => writeFileSync(join(copy, "evidence/allowed_signers"), "eve\n")],
    ["another stack's file", () => writeFileSync(join(copy, "Pulumi.staging.yaml"), "config: {}\n")],
    ["the file's mode", () => chmodSync(join(copy, "Pulumi.prod.yaml"), 0o755)],
    ["no file any more", () => rmSync(join(copy, "Pulumi.prod.yaml"))],
    ["another file in its place", () => renameSync(join(copy, ".ci/run"), join(copy, "Pulumi.prod.yaml"))],
    [
      "a link in its place",
      () => {
        rmSync(join(copy, "Pulumi.prod.yaml"));
        symlinkSync("/etc/passwd", join(copy, "Pulumi.prod.yaml"));
      },
    ],
  ])("is refused as a whole where a patch holds %s, whoever wrote it", (_, change) => {
    writeFileSync(join(copy, "Pulumi.prod.yaml"), "config: { serial: 2 }\n");
    change();
    git("add", "--all");
    writeFileSync(join(place, "changes.patch"), git("diff", "--cached"));
    git("reset", "--hard", "--quiet");
    const CHANGES = join(place, "changes.patch");
    expect(() => run("propose", { STACK: "prod", CHANGES })).toThrow("changes something else");
    expect(git("branch", "--list").trim()).toBe("* main");
  });
  it("is refused where it is no file", () => {
    const CHANGES = join(place, "changes.patch");
    symlinkSync("/etc/passwd", CHANGES);
    expect(() => run("propose", { STACK: "prod", CHANGES })).toThrow("is no file");
  });
  it("names the one release that a merge brought, none where it brought none, and refuses two", () => {
    expect(run("new-release", { SINCE: "HEAD" })).toBe("version=\n");
    writeFileSync(join(copy, "releases/1.2.0.json"), "{}");
    commit("1.2.0");
    expect(run("new-release", { SINCE: "HEAD~1" })).toBe("version=1.2.0\n");
    writeFileSync(join(copy, "releases/1.3.0.json"), "{}");
    commit("1.3.0");
    expect(() => run("new-release", { SINCE: "HEAD~2" })).toThrow("There are 2 new releases");
  });
});
