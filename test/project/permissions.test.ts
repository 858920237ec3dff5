import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { alarmPrefix, alarmQueue, alarmTopic } from "../../decisions/alarms/alarm";
import { backupNames } from "../../decisions/recovery/backupNames";
import { audiences, topicName } from "../../decisions/incident/comms";
import { outboxQueueName } from "../../decisions/audit/outboxMessage";
import { slots } from "../../decisions/stack/names";
import { documentsOf, roleOf, type Role } from "../../rehearsal/harness/permissions/roles";
import { commands } from "../../cli/shell/catalogue";
import { deniedCalls } from "../../rehearsal/harness/permissions/calls";
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

/** Every statement of a role. */
const of = (role: Role): Statement[] => documentsOf[role].flatMap(read);
const roles = Object.keys(documentsOf) as Role[];
const may = (role: Role, action: string): boolean => of(role).some(({ Action }) => Action.includes(action));

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

/** Every call that a file of cli/ makes through the SDK. */
const calls = readdirSync(join(root, "cli"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .flatMap((name) => {
    const text = readFileSync(join(root, "cli", name), "utf8");
    return [...text.matchAll(/import \{([^}]*)\} from "@aws-sdk\/([a-z0-9-]+)"/g)].flatMap(
      ([, imported = "", from = ""]) =>
        [...imported.matchAll(/\b(?:paginate([A-Z]\w+)|([A-Z]\w+)Command)\b/g)].map(
          ([, one, other]) => `${prefixes[from] ?? from}:${one ?? other ?? ""}`,
        ),
    );
  });

describe("the policy documents", () => {
  it("are those of the roles, and say nothing twice to one of them", () => {
    expect(names).toEqual([...new Set(Object.values(documentsOf).flat())].sort());
    for (const role of roles) {
      const said = of(role).flatMap(({ Action, Resource, Condition }) =>
        Action.flatMap((action) =>
          [Resource].flat().map((one) => `${action} ${one} ${JSON.stringify(Condition)}`),
        ),
      );
      // A preview reads the attributes of everything it declares; observe reads those of this queue.
      const known = "sqs:GetQueueAttributes arn:aws:sqs:<region>:<account>:<name>-<stack>-handed-over.fifo";
      const twice = said.filter((one, index) => said.indexOf(one) < index && !one.startsWith(known));
      expect(twice, role).toEqual([]);
    }
  });
  it.each(names)("are sound and fit into a managed policy: %s", (name) => {
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
    // 6,144 characters without white space: IAM's limit for a managed policy. Names are as long as they may be.
    const filled = JSON.stringify({ Version: "2012-10-17", Statement: statements })
      .replaceAll("<region>", "ap-southeast-1")
      .replaceAll("<account>", "123456789012")
      .replaceAll(/<(?!name|stack)[a-z ]+>/g, "x".repeat(63))
      .replaceAll(/<(name|stack)>/g, "x".repeat(16));
    expect(filled.length).toBeLessThan(6_144);
  });
  it("allow every call that the commands make through the SDK", () => {
    expect(calls.length).toBeGreaterThan(20);
    expect(calls.filter((action) => !may("deploy", action) && !may("drill", action))).toEqual([]);
  });
  it("let a preview, which whoever may push a branch can run, read and do nothing else", () => {
    const actions = of("preview").flatMap(({ Action }) => Action);
    expect(actions.filter((action) => !/:(Get|Describe|List|Decrypt|Validate)/.test(action))).toEqual([]);
  });
  it("let a role that only reads do no more than pass on what an alarm said", () => {
    const changing = of("observe")
      .filter(({ Sid }) => !["AlarmNews", "TellPeople", "IncidentsThatAlarmsOpen"].includes(Sid))
      .flatMap(({ Action }) => Action);
    expect(changing.filter((action) => !/:(Get|Describe|List|Decrypt)/.test(action))).toEqual([]);
    for (const one of resources(of("observe").filter(({ Action }) => Action.includes("ssm:PutParameter"))))
      expect(one).toMatch(/\/<stack>\/audit\/\*$/);
  });
  it("let only roles that deliver take messages out of the outbox, and a preview take none at all", () => {
    const taking = (queue: string) =>
      roles.filter((role) =>
        resources(of(role).filter(({ Action }) => Action.includes("sqs:ReceiveMessage"))).some((one) =>
          one.endsWith(queue),
        ),
      );
    expect(taking("-handed-over.fifo")).toEqual(["rollback", "deploy", "drill"]);
    expect(taking("-release-alarms")).toEqual(["observe", "rollback", "deploy", "drill"]);
  });
  it("let only a drill touch databases, and of these end or change its own copies only", () => {
    for (const role of roles.filter((one) => one !== "drill"))
      expect(
        of(role)
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
    for (const command of Object.keys(commands)) expect(roles).toContain(roleOf(command));
  });
  it("say why, in docs/adopt.md, wherever they are wider than the stack, and nowhere else", () => {
    const wider = names.flatMap(read).filter(({ Resource }) => [Resource].flat().some(wide));
    expect([...reasons.keys()].sort()).toEqual([...new Set(wider.map(({ Sid }) => Sid))].sort());
    for (const [sid, reason] of reasons) expect(reason.length, sid).toBeGreaterThan(20);
  });
  it("change anything in the account only by five calls that take no resource", () => {
    const everywhere = names.flatMap(read).filter(({ Resource }) => [Resource].flat().includes("*"));
    const changing = everywhere
      .flatMap(({ Action }) => Action)
      .filter((one) => !/:(Get|Describe|List)/.test(one));
    expect([...new Set(changing)].sort()).toEqual([
      "backup-storage:MountCapsule",
      "cloudwatch:PutCompositeAlarm",
      "kms:CreateKey",
      "sns:SetSubscriptionAttributes",
      "sns:Unsubscribe",
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
    expect(roles.filter((role) => may(role, "kms:Encrypt"))).toEqual(["rollback", "deploy"]);
  });
  it("let only a deploy change roles, and only those three that the program declares", () => {
    expect(having(/^sts:AssumeRole/)).toEqual([]);
    const changing = /^iam:(?!(Get|List)[A-Z])/;
    for (const role of roles.filter((one) => one !== "deploy"))
      expect(of(role).filter(({ Action }) => Action.some((one) => changing.test(one)))).toEqual([]);
    const { role: backup, lag } = backupNames("<name>", "<stack>");
    const known = [backup, lag, `${lag}-schedule`].map((one) => `arn:aws:iam::<account>:role/${one}`);
    for (const one of resources(having(changing))) expect(known).toContain(one);
    for (const { Sid, Condition } of having(/^iam:(Attach|Detach)RolePolicy$/))
      expect([Condition?.ArnEquals?.["iam:PolicyARN"] ?? []].flat().join(), Sid).toMatch(
        /^arn:aws:iam::aws:policy\/service-role\/AWSBackup\w+(,arn:aws:iam::aws:policy\/service-role\/AWSBackup\w+)*$/,
      );
    expect(resources(having(/^iam:PutRolePolicy$/))).not.toContain(known[0]);
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
      ["sqs:CreateQueue", [alarmQueue(application, stack), outboxQueueName(application, stack)]],
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
      "make status called elasticloadbalancing:ModifyRule, which no document of observe allows",
      "an update called iam:CreateUser, which no document of deploy allows",
    ]);
    rmSync(home, { recursive: true });
  });
});
