import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attachedProviders } from "../../rehearsal/harness/machine/environment";
import { freePorts } from "../../rehearsal/harness/machine/ports";
import { until } from "../../rehearsal/harness/machine/processes";

/** The pack on the real engine, by the command line: a faulty program of each area breaks exactly these policies. */

const project = join(__dirname, "../..");

interface Program {
  code: string;
  /** Policies that must fail, mandatory ones, sorted. */
  broken: string[];
}

const programs: Record<string, Program> = {
  backups: {
    code: `
      const backup = require("@pulumi/aws/backup");
      const vault = new backup.Vault("vault", { name: "database", forceDestroy: true });
      const plan = new backup.Plan("plan", { name: "daily", rules: [{ ruleName: "daily", targetVaultName: vault.name,
        schedule: "cron(0 3 * * ? *)", startWindow: 60, completionWindow: 120, lifecycle: { deleteAfter: 5 } }] });
      new backup.Selection("selection", { name: "nothing", planId: plan.id, iamRoleArn: "arn:aws:iam::123456789012:role/backup", resources: [] });`,
    broken: [
      "backup-failures-reach-somebody",
      "backup-retention-long-enough",
      "backup-schedule-hourly",
      "backup-selection-takes-something",
      "backup-vault-guarded",
      "backup-vault-locked",
    ],
  },
  release: {
    code: `
      const lb = require("@pulumi/aws/lb");
      const group = (name) => new lb.TargetGroup(name, { name, port: 80, protocol: "HTTP", targetType: "ip", vpcId: "vpc-0a1b", deregistrationDelay: 10,
        healthCheck: { enabled: true, protocol: "HTTP", path: "/ready", matcher: "200", interval: 5, timeout: 2, healthyThreshold: 2, unhealthyThreshold: 2 } });
      new lb.ListenerRule("traffic", { listenerArn: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/1/2", priority: 1,
        conditions: [{ hostHeader: { values: ["example.com"] } }],
        actions: [{ type: "forward", forward: { targetGroups: [{ arn: group("blue").arn, weight: 70 }, { arn: group("green").arn, weight: 20 }] } }] });`,
    broken: [
      "canary-at-most-10-percent",
      "no-traffic-without-pods",
      "slot-alarmed",
      "slot-reachable-for-tests",
      "traffic-weights-sum-to-100",
    ],
  },
  alarms: {
    code: `
      const cloudwatch = require("@pulumi/aws/cloudwatch");
      new cloudwatch.MetricAlarm("errors", { name: "errors", comparisonOperator: "GreaterThanThreshold", evaluationPeriods: 1, threshold: 1,
        namespace: "AWS/ApplicationELB", metricName: "HTTPCode_Target_5XX_Count", period: 60, statistic: "Sum" });`,
    broken: ["alarm-complete", "alarm-missing-data-decided", "alarm-reaches-somebody"],
  },
  flags: {
    code: `
      const ssm = require("@pulumi/aws/ssm");
      new ssm.Parameter("flag", { name: "/deployment-safety/prod/flags/new", type: "String", overwrite: true, insecureValue: JSON.stringify({
        state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "off", targeting: { if: [true, "on", "off"] }, metadata: { risk: "high" } }) });`,
    broken: ["flag-owned-and-expiring", "risky-flag-off-until-validated"],
  },
  change: {
    code: `
      const backup = require("@pulumi/aws/backup");
      new backup.VaultLockConfiguration("lock", { backupVaultName: "database", minRetentionDays: 7, maxRetentionDays: 35, changeableForDays: 3 });`,
    // Only reported in a preview: it is asked again at the hour of the update.
    broken: [],
  },
};

let folder: string;
let providers: ChildProcess;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "deployment-safety-policies-"));
  mkdirSync(join(folder, "state"));
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
  const ports = await freePorts();
  const { providerAdmin: admin } = ports;
  environment = {
    ...process.env,
    // The pack is named where it is wanted, in folders that have none.
    PULUMI_OPTION_POLICY_PACK: undefined,
    // Nobody listens there: a preview of what is new asks AWS nothing.
    AWS_ENDPOINT_URL: `http://127.0.0.1:${admin}/none`,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "none",
    AWS_SECRET_ACCESS_KEY: "none",
    KUBECONFIG: join(folder, "none"),
    PROVIDER_ADMIN_PORT: String(admin),
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "none",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...attachedProviders(ports),
  };
  providers = spawn(process.execPath, ["--import", "tsx", "rehearsal/standins/providers/main.ts"], {
    cwd: project,
    env: environment,
    stdio: ["ignore", "ignore", "inherit"],
  });
  await until(
    "the providers",
    30,
    async () => (await fetch(`http://127.0.0.1:${admin}/ready`).catch(() => undefined))?.ok === true,
  );
}, 60_000);

afterAll(() => {
  providers.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program in a project of its own with the pack, and gives what was said and how it ended. */
async function pulumi(
  command: string[],
  area: string,
  code: string,
  ...more: string[]
): Promise<{ output: string; code: number; run: (...words: string[]) => Promise<string> }> {
  const home = join(folder, area);
  mkdirSync(home, { recursive: true });
  const analyzer = join(project, "policies");
  writeFileSync(
    join(home, "Pulumi.yaml"),
    `name: ${area}\nruntime: nodejs\nplugins:\n  analyzers:\n    - { name: policy-deployment-safety, path: ${analyzer} }\n`,
  );
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: area, main: "index.js" }));
  writeFileSync(join(home, "index.js"), code);
  let ended = 0;
  const run = async (...words: string[]): Promise<string> => {
    ended = 0;
    const { stdout, stderr } = await promisify(execFile)(
      "pulumi",
      [...words, "--non-interactive", "--color", "never"],
      {
        cwd: home,
        env: environment,
        timeout: 60_000,
      },
    ).catch((error: unknown) => {
      const failed = error as { stdout: string; stderr: string; code: number };
      ended = failed.code;
      return failed;
    });
    return stdout + stderr;
  };
  await run("stack", "init", `organization/${area}/prod`);
  const output = await run(...command, "--stack", "prod", "--policy-pack", analyzer, ...more);
  return { output, code: ended, run };
}

const preview = async (area: string, code: string, ...more: string[]): Promise<string> =>
  (await pulumi(["preview"], area, code, ...more)).output;

/** Policies that the engine says were broken at a level. */
const brokenIn = (output: string, level: string): string[] =>
  [
    ...new Set(
      [...output.matchAll(new RegExp(`\\[${level}\\].*?\\s([a-z0-9-]+)\\s+\\(`, "g"))].map(
        ([, id = ""]) => id,
      ),
    ),
  ].sort();

describe("a faulty program", () => {
  it.each(Object.entries(programs))(
    "of %s breaks exactly what it is faulty in",
    async (area, { code, broken }) => {
      const output = await preview(area, code);
      expect(brokenIn(output, "mandatory"), output).toEqual(broken);
      if (area === "change")
        expect(brokenIn(output, "advisory"), output).toEqual(["irreversible-change-approved"]);
    },
  );

  it("is refused with the path of a fault in the policy config", async () => {
    const config = join(folder, "config.json");
    writeFileSync(config, JSON.stringify({ "backup-schedule-hourly": { maxGapMinutes: "60" } }));
    const output = await preview("config", "", "--policy-pack-config", config);
    expect(output).toContain(
      "backup-schedule-hourly: maxGapMinutes: Invalid type. Expected: integer, given: string",
    );
  });
});

describe("an update without a preview", () => {
  // Guarded, but without a lock: only a policy about the stack can see that.
  const unlocked = `
    const { Vault } = require("@pulumi/aws/backup");
    new Vault("vault", { name: "database", kmsKeyArn: "arn:aws:kms:eu-central-1:123456789012:key/0a1b", forceDestroy: false }, { protect: true });`;
  const up = ["up", "--yes", "--skip-preview"];

  it("fails by a policy about the stack after everything is applied", async () => {
    const { output, code, run } = await pulumi(up, "late", unlocked);
    expect(brokenIn(output, "mandatory"), output).toEqual(["backup-vault-locked"]);
    expect(code).not.toBe(0);
    expect(await run("stack", "--show-urns")).toContain("Vault::vault");
  });

  it("is not stopped, but told, where all policies are advisory", async () => {
    const config = join(folder, "advisory.json");
    writeFileSync(config, JSON.stringify({ all: "advisory" }));
    const { output, code } = await pulumi(up, "wayback", unlocked, "--policy-pack-config", config);
    expect(brokenIn(output, "advisory"), output).toEqual(["backup-vault-locked"]);
    expect(code, output).toBe(0);
  });
});
