import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { alarmPrefix, alarmQueue, alarmTopic } from "../decisions/alarms/alarm";
import { backupNames } from "../decisions/backupNames";
import { audiences, topicName } from "../decisions/comms";
import { slots } from "../decisions/names";
import { allows, roleOf } from "../decisions/permissions";
import { commands } from "../operations/catalogue";
import { deniedCalls } from "../rehearsal/permissions";
import { root } from "./documents";

/** The policy documents that an adopter gives the roles. The rehearsal compares them with the calls that are really made. */

interface Statement {
  Sid: string;
  Effect: string;
  Action: string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

const names = readdirSync(join(root, "docs/permissions")).map((name) => name.replace(".json", ""));
const read = (name: string): Statement[] =>
  (
    JSON.parse(readFileSync(join(root, "docs/permissions", `${name}.json`), "utf8")) as {
      Statement: Statement[];
    }
  ).Statement;

const resources = (statements: Statement[]): string[] =>
  statements.flatMap(({ Resource }) => [Resource].flat());

/** Every statement of every document with one of these actions. */
const having = (action: RegExp): Statement[] =>
  names.flatMap(read).filter(({ Action }) => Action.some((one) => action.test(one)));

/** Whether a resource reaches beyond what is named after application and stack, or is one thing. */
const wide = (resource: string): boolean =>
  resource.includes("*") &&
  !/(<name>[-_]|deployment-safety\/)<stack>[-_/.]/.test(resource.split("*", 1)[0] ?? "");

/** Sid -> why it is wider than the stack, from the table in docs/adopt.md: JSON has no comments. */
const reasons = new Map(
  [
    ...readFileSync(join(root, "docs/adopt.md"), "utf8").matchAll(/^\| `([A-Z][a-z]\w+)` +\| (.+?) +\|$/gm),
  ].map(([, sid = "", reason = ""]) => [sid, reason]),
);

/** Whether one of the resources covers what a service (`sns`) calls so (`school-app-staging-on-call`) on the stack `staging` of `school-app`. */
const covers = (statements: Statement[], service: string, called: string): boolean =>
  resources(statements).some((one) => {
    const filled = one
      .replace("<name>_<stack>", "school_app_staging")
      .replace("<name>-<stack>", "school-app-staging");
    const [, , of, , , ...name] = filled.split(":");
    const [start = "", ...more] = name.join(":").split("*");
    return of === service && (more.length > 0 ? called.startsWith(start) : called === start);
  });

/** A client's package -> prefix of its actions. */
const prefixes: Record<string, string> = {
  "client-ssm": "ssm",
  "client-elastic-load-balancing-v2": "elasticloadbalancing",
  "client-cloudwatch": "cloudwatch",
  "client-sns": "sns",
  "client-sqs": "sqs",
  "client-rds": "rds",
  "client-backup": "backup",
};

/** Every call that a file of operations/ makes through the SDK. */
const calls = readdirSync(join(root, "operations"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .flatMap((name) => {
    const text = readFileSync(join(root, "operations", name), "utf8");
    return [...text.matchAll(/import \{([^}]*)\} from "@aws-sdk\/([a-z0-9-]+)"/g)].flatMap(
      ([, imported = "", from = ""]) =>
        [...imported.matchAll(/\b(?:paginate([A-Z]\w+)|([A-Z]\w+)Command)\b/g)].map(
          ([, one, other]) => `${prefixes[from] ?? from}:${one ?? other ?? ""}`,
        ),
    );
  });

describe("the policy documents", () => {
  it("are deploy, drill, look and rollback", () =>
    expect(names).toEqual(["deploy", "drill", "look", "rollback"]));
  it.each(names)("are sound and fit into a role's inline policy: %s", (name) => {
    const statements = read(name);
    expect(new Set(statements.map(({ Sid }) => Sid)).size).toBe(statements.length);
    for (const one of statements) {
      const { Sid, Effect, Action } = one;
      // NotAction and NotResource would get round every rule below.
      const keys = Object.keys(one).join(",");
      expect(Effect, Sid).toBe("Allow");
      expect(["Sid,Effect,Action,Resource", "Sid,Effect,Action,Resource,Condition"]).toContain(keys);
      expect(Sid).toMatch(/^[A-Za-z0-9]+$/);
      for (const action of Action) expect(action).toMatch(/^[a-z0-9-]+:[A-Z][A-Za-z]+$/);
      expect(new Set(Action).size, Sid).toBe(Action.length);
    }
    // 10,240 characters without white space: IAM's limit for a role's inline policies.
    expect(JSON.stringify(statements).length).toBeLessThan(10_000);
  });
  it("allow every call that the commands make through the SDK", () => {
    expect(calls.length).toBeGreaterThan(20);
    const denied = calls.filter(
      (action) => !["deploy", "drill"].some((name) => allows({ Statement: read(name) }, action)),
    );
    expect(denied).toEqual([]);
  });
  it("let nobody who only looks change more than the lock of Pulumi's state, and what an alarm said be passed on", () => {
    const changing = read("look")
      .filter(({ Sid }) => !["StateLock", "AlarmNews", "TellPeople"].includes(Sid))
      .flatMap(({ Action }) => Action);
    expect(changing.filter((action) => !/:(Get|Describe|List|Receive|Decrypt)/.test(action))).toEqual([]);
    for (const one of resources(read("look").filter(({ Action }) => Action.includes("s3:PutObject"))))
      expect(one).toMatch(/\.pulumi\/locks\/organization\/deployment-safety\/<stack>\/\*$/);
  });
  it("let only a drill touch databases, and of these end or change its own copies only", () => {
    for (const name of ["look", "deploy", "rollback"])
      expect(
        read(name)
          .flatMap(({ Action }) => Action)
          .filter((action) => action.startsWith("rds:")),
      ).toEqual([]);
    const ending = read("drill").filter(({ Action }) =>
      Action.some((action) => /rds:(Delete|Modify)/.test(action)),
    );
    for (const { Resource } of ending)
      for (const one of [Resource].flat()) expect(one).toMatch(/<stack>-(drill|restore)-\*$/);
  });
  it("are of a role for every command", () => {
    for (const command of Object.keys(commands)) expect(names).toContain(roleOf(command));
  });
  it("say why, in docs/adopt.md, wherever they are wider than the stack, and nowhere else", () => {
    const wider = names.flatMap(read).filter(({ Resource }) => [Resource].flat().some(wide));
    expect([...reasons.keys()].sort()).toEqual([...new Set(wider.map(({ Sid }) => Sid))].sort());
    for (const [sid, reason] of reasons) expect(reason.length, sid).toBeGreaterThan(20);
  });
  it("change anything in the account only by four calls that take no resource", () => {
    const everywhere = names.flatMap(read).filter(({ Resource }) => [Resource].flat().includes("*"));
    const changing = everywhere
      .flatMap(({ Action }) => Action)
      .filter((one) => !/:(Get|Describe|List)/.test(one));
    expect(changing).toEqual([
      "sns:Unsubscribe",
      "sns:SetSubscriptionAttributes",
      "kms:CreateKey",
      "backup-storage:MountCapsule",
    ]);
  });
  it("pass a role only to the services that it is for, and one role in a statement", () => {
    expect(having(/^iam:PassRole$/).length).toBeGreaterThan(0);
    for (const { Sid, Action, Resource, Condition } of having(/^iam:PassRole$/)) {
      expect(Action, Sid).toEqual(["iam:PassRole"]);
      expect(Resource, Sid).toMatch(/:role\/<name>-<stack>-[a-z-]+$/);
      expect([Condition?.StringEquals?.["iam:PassedToService"] ?? []].flat(), Sid).not.toEqual([]);
    }
  });
  it("read no secrets but those of the stack's own state", () => {
    expect(having(/^secretsmanager:/)).toEqual([]);
    for (const one of resources(having(/^kms:(Decrypt|Encrypt|ReEncrypt\w*)$/)))
      expect(one).toMatch(/:key\/<state key>$/);
    // No parameter below the stack's root is a SecureString.
    for (const one of resources(having(/^ssm:GetParameter/)))
      expect(one).toMatch(/:parameter\/deployment-safety\/<stack>(\/\*)?$/);
    const encrypting = names.filter((name) => allows({ Statement: read(name) }, "kms:Encrypt"));
    expect(encrypting).toEqual(["deploy", "rollback"]);
  });
  it("let only a deploy change roles, and only those three that the program declares", () => {
    expect(having(/^sts:AssumeRole/)).toEqual([]);
    const changing = /^iam:(?!(Get|List)[A-Z])/;
    for (const name of names.filter((one) => one !== "deploy"))
      expect(read(name).filter(({ Action }) => Action.some((one) => changing.test(one)))).toEqual([]);
    const { role, lag } = backupNames("<name>", "<stack>");
    const may = [role, lag, `${lag}-schedule`].map((one) => `arn:aws:iam::<account>:role/${one}`);
    for (const one of resources(having(changing))) expect(may).toContain(one);
    for (const { Sid, Condition } of having(/^iam:(Attach|Detach)RolePolicy$/))
      expect([Condition?.ArnEquals?.["iam:PolicyARN"] ?? []].flat().join(), Sid).toMatch(
        /^arn:aws:iam::aws:policy\/service-role\/AWSBackup\w+(,arn:aws:iam::aws:policy\/service-role\/AWSBackup\w+)*$/,
      );
    expect(resources(having(/^iam:PutRolePolicy$/))).not.toContain(may[0]);
  });
  it("let nobody end the backups: vault, key and recovery points", () =>
    expect(
      having(
        /^(kms:(ScheduleKeyDeletion|DisableKey|PutKeyPolicy)|backup:(DeleteBackupVault\w*|DeleteRecoveryPoint|UpdateRecoveryPoint\w*))$/,
      ),
    ).toEqual([]));
  it("let each stack write its own state only", () => {
    for (const one of resources(having(/^s3:(Put|Delete)/)))
      expect(one).toMatch(/\/\.pulumi\/[a-z/]+\/deployment-safety\/<stack>(\/|\.json)\*$/);
  });
  it("reach everything that the program declares by name", () => {
    const [application, stack] = ["school-app", "staging"];
    const backup = backupNames(application, stack);
    const declared: [string, string[]][] = [
      ["sns:CreateTopic", [alarmTopic(application, stack), backup.alarms]],
      ["sns:CreateTopic", audiences.map((audience) => topicName(application, stack, audience))],
      ["sqs:CreateQueue", [alarmQueue(application, stack)]],
      [
        "cloudwatch:PutMetricAlarm",
        [`alarm:${alarmPrefix(application, stack)}a`, `alarm:${backup.alarms}-a`],
      ],
      ["cloudwatch:PutDashboard", [`dashboard/${alarmPrefix(application, stack)}releases`]],
      [
        "elasticloadbalancing:CreateTargetGroup",
        slots.map((slot) => `targetgroup/school-app-staging-${slot}/1`),
      ],
      ["backup:CreateBackupVault", [`backup-vault:${backup.vault}`]],
      ["backup:CreateRestoreTestingPlan", [`restore-testing-plan:${backup.restoreTests}-1`]],
      ["iam:CreateRole", [backup.role, backup.lag, `${backup.lag}-schedule`].map((one) => `role/${one}`)],
      ["states:CreateStateMachine", [`stateMachine:${backup.lag}`]],
      ["scheduler:CreateSchedule", [`schedule/default/${backup.lag}`]],
    ];
    for (const [action, all] of declared)
      for (const one of all)
        expect(
          covers(having(new RegExp(`^${action}$`)), action.split(":")[0] ?? "", one),
          `${action} of ${one}`,
        ).toBe(true);
  });
  it("fail the rehearsal for a call that is in none of them", () => {
    const home = mkdtempSync(join(tmpdir(), "calls-"));
    writeFileSync(
      join(home, "calls"),
      "rollback elasticloadbalancing:ModifyRule\nstatus elasticloadbalancing:ModifyRule\n" +
        "pulumi elasticloadbalancing:CreateRule\npulumi iam:CreateUser\n",
    );
    expect(deniedCalls(root, home)).toEqual([
      "make status called elasticloadbalancing:ModifyRule, which docs/permissions/look.json does not allow",
      "an update called iam:CreateUser, which docs/permissions/deploy.json does not allow",
    ]);
    rmSync(home, { recursive: true });
  });
});
