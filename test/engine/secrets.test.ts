import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { masked } from "../../decisions/stack/configDiff";
import { commands, type CommandName } from "../../cli/shell/catalogue";
import { served, written } from "../decisions/samples";
import { makeProject, runCommand } from "../cli/commandRun";
import { hostilePrograms, hostileWorld, programLog, type HostileWorld } from "./faultInjection";

/**
 * A secret in every place where one may be, every command in a world that gives back whatever it is told, and then a search
 * through everything that came out: what was printed, what waits to be recorded and said, what was sent, written, and what
 * programs were started with.
 */

/** A secret with letters that addresses and JSON write in another way. Its middle is letters alone, found in every form. */
const plant = (place: string): string => `${"p1anted"}${place}x/+"@é`;
const core = (secret: string): string => /^\w+/.exec(secret)![0];
const inAddress = (secret: string): string => encodeURIComponent(secret);

const planted = {
  awsSecretKey: plant("AwsSecretKey"),
  awsSessionToken: plant("AwsSessionToken").replace("é", ""),
  passphrase: plant("Passphrase"),
  pulumiToken: plant("PulumiToken"),
  backend: plant("Backend"),
  pgPassword: plant("PgPassword"),
  webhook: plant("Webhook"),
  databaseUrl: plant("DatabaseUrl"),
  databaseSecret: plant("DatabaseSecret"),
  recordsUrl: plant("RecordsUrl"),
  recordsSecret: plant("RecordsSecret"),
  typed: plant("Typed"),
  metrics: plant("Metrics"),
};

/** What each command is given, so that it gets as far as it can. */
const given: Record<CommandName, string[]> = {
  deploy: ["--version", "1.2.0"],
  rollback: ["--version", "1.2.0"],
  apply: ["--yes"],
  migrate: ["--version", "1.2.0"],
  downgrade: ["--revision", "r1", "--yes"],
  "prove-downgrade": ["--version", "1.2.0", "--yes"],
  smoke: [],
  checklist: ["--version", "1.2.0"],
  status: [],
  sync: [],
  "empty-idle": ["--yes"],
  pause: [],
  open: [],
  flag: ["--name", "gradebook-v2", "--percentage", "25"],
  unblock: ["--digest", `sha256:${"0".repeat(64)}`, "--actor", "ada", "--yes"],
  review: ["--revision", "r1", "--yes"],
  approve: ["--change", "r1"],
  "notify-guardians": ["--change", "r1"],
  drill: [],
  restore: ["--to", "2026-11-24T21:40:00Z", "--yes"],
  playbook: [],
  incident: ["--ticket", "T-1", "--title", `it is ${planted.typed}`],
  stabilize: ["--name", "gradebook-v2"],
  notify: ["--text", `it is ${planted.typed}`],
  postmortem: ["--incident", "prod-1"],
  report: [],
  "audit-verify": [],
};

let folder: string;
let world: HostileWorld;
let bin: string;
/** What came out, by where. */
const out: { place: string; text: string }[] = [];

const address = (secret: string, port: number): string =>
  `postgresql://school:${inAddress(secret)}@127.0.0.1:${port}/school`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "secrets-"));
  world = await hostileWorld((port) => ({
    DATABASE_URL: address(planted.databaseSecret, port),
    RECORDS_URL: address(planted.recordsSecret, port),
  }));
  const http = `http://127.0.0.1:${world.http}`;
  const both = { en: "the school", ar: "المدرسة" };
  const config = written(served(), {
    metrics: { source: "prometheus", url: http },
    network: { ...(written(served()).network as object), url: http },
    database: {
      ...(written(served()).database as object),
      recovery: { source: "archive", wal: "/nowhere/wal", baseBackups: "/nowhere/base", copies: "/nowhere" },
    },
    reporting: { secretName: "school-records", key: "RECORDS_URL" },
    comms: { webhook: "COMMS_WEBHOOK_URL", school: both, contact: both },
  });
  const url = `http://ops:${inAddress(planted.metrics)}@prometheus.example.com`;
  makeProject(folder, { prod: config, careless: { ...config, metrics: { source: "prometheus", url } } });
  writeFileSync(
    join(folder, "kubeconfig"),
    stringify({
      "current-context": "one",
      contexts: [{ name: "one", context: { cluster: "one", user: "one" } }],
      clusters: [{ name: "one", cluster: { server: http, "insecure-skip-tls-verify": true } }],
      users: [{ name: "one", user: {} }],
    }),
  );
  bin = hostilePrograms(folder, ["pulumi", "python", "psql", "pg_ctl"]);
}, 30_000);
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command and keeps what it printed. The variables of the shell are told, or those of the cluster's Secrets are used. */
async function run(
  words: readonly string[],
  isTold: boolean,
  environment: Record<string, string> = {},
): Promise<void> {
  const http = `http://127.0.0.1:${world.http}`;
  const env = {
    PATH: `${bin}:${process.env.PATH ?? ""}`,
    HOME: folder,
    KUBECONFIG: join(folder, "kubeconfig"),
    AWS_ENDPOINT_URL: http,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: isTold ? "refused" : "answered",
    AWS_SECRET_ACCESS_KEY: planted.awsSecretKey,
    AWS_SESSION_TOKEN: planted.awsSessionToken,
    PULUMI_CONFIG_PASSPHRASE: planted.passphrase,
    PULUMI_ACCESS_TOKEN: planted.pulumiToken,
    PULUMI_BACKEND_URL: `postgres://pulumi:${inAddress(planted.backend)}@127.0.0.1:${world.postgres}/state`,
    PGPASSWORD: planted.pgPassword,
    COMMS_WEBHOOK_URL: `${http}/services/${inAddress(planted.webhook)}`,
    MONITORING_TOKEN: planted.typed,
    ...(isTold
      ? {
          DATABASE_URL: address(planted.databaseUrl, world.postgres),
          REPORTING_DATABASE_URL: address(planted.recordsUrl, world.postgres),
        }
      : {}),
    ...environment,
  };
  const { exitCode, stdout, stderr } = await runCommand(folder, words, env);
  const said = `${words.join(" ")} (exit ${exitCode})`;
  out.push({ place: `stdout of ${said}`, text: stdout }, { place: `stderr of ${said}`, text: stderr });
}

/** Every file below a folder but what the test itself put there. */
function filesBelow(path: string): { place: string; text: string }[] {
  return readdirSync(path, { withFileTypes: true, recursive: true }).flatMap((entry) => {
    const file = join(entry.parentPath, entry.name);
    const isOurs = entry.name === "Pulumi.careless.yaml" || file.startsWith(bin);
    return entry.isFile() && !isOurs
      ? [{ place: file.replace(folder, ""), text: readFileSync(file, "utf8") }]
      : [];
  });
}

describe("a secret", () => {
  it("is in nothing that any command prints, keeps for later, sends to people, writes or starts a program with", async () => {
    const runs = (Object.keys(commands) as CommandName[]).flatMap((name) => {
      const { options } = commands[name] as { options: readonly string[] };
      const reason = options.includes("reason") ? ["--reason", `it is ${planted.typed}`] : [];
      const words = [name, ...given[name], ...reason];
      const dry = options.includes("dryRun") ? ["--dry-run"] : [];
      return [
        () => run(words, false),
        () => run([...words, ...dry, "--json"], true),
        ...(name === "status" ? [() => run([name, "--help"], true)] : []),
      ];
    });
    runs.push(() => run(["status", "--stack", "careless"], true));
    // As far as the database with the address that the shell tells.
    runs.push(() => run(["drill"], true, { AWS_ACCESS_KEY_ID: "answered" }));
    // Two at a time: what they share, the spool, is made for that.
    const next = async (): Promise<void> => {
      for (let one = runs.shift(); one; one = runs.shift()) await one();
    };
    await Promise.all([next(), next()]);

    const sent = world.bodies.map((text) => ({ place: "what was sent", text }));
    const places = [...out, ...filesBelow(folder), ...sent];
    const found = places.flatMap(({ place, text }) =>
      Object.entries(planted).flatMap(([name, secret]) => {
        const at = text.indexOf(core(secret));
        return at < 0 ? [] : [`${name} is in ${place}: …${text.slice(Math.max(0, at - 60), at + 40)}…`];
      }),
    );
    expect(found).toEqual([]);
  }, 240_000);

  it("was given back to the commands by the world, or the search above would prove nothing", () => {
    const all = world.heard.join("\n");
    const { awsSessionToken, webhook, databaseSecret, recordsSecret, databaseUrl, recordsUrl } = planted;
    const sent = [awsSessionToken, webhook, databaseSecret, recordsSecret, databaseUrl, recordsUrl];
    expect(sent.filter((secret) => !all.includes(core(secret)))).toEqual([]);
    const said = out.map(({ text }) => text).join("\n");
    expect(said.split(masked).length).toBeGreaterThan(100);
    expect(readFileSync(programLog(folder), "utf8")).toContain("pulumi");
  });
});
