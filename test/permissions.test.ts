import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../operations/catalogue";
import { allows, roleOf } from "../decisions/permissions";
import { deniedCalls } from "../rehearsal/permissions";
import { root } from "./documents";

/** The policy documents that an adopter gives the roles. The rehearsal compares them with the calls that are really made. */

interface Statement {
  Sid: string;
  Effect: string;
  Action: string[];
  Resource: string | string[];
}

const names = readdirSync(join(root, "docs/permissions")).map((name) => name.replace(".json", ""));
const read = (name: string): Statement[] =>
  (
    JSON.parse(readFileSync(join(root, "docs/permissions", `${name}.json`), "utf8")) as {
      Statement: Statement[];
    }
  ).Statement;

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
    for (const { Sid, Effect, Action } of statements) {
      expect(Effect, Sid).toBe("Allow");
      expect(Sid).toMatch(/^[A-Za-z0-9]+$/);
      for (const action of Action) expect(action).toMatch(/^[a-z0-9-]+:[A-Z][A-Za-z]+\*?$/);
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
      .filter(({ Sid }) => !["StateForReading", "AlarmNews", "TellPeople"].includes(Sid))
      .flatMap(({ Action }) => Action);
    expect(changing.filter((action) => !/:(Get|Describe|List|Receive|Decrypt)/.test(action))).toEqual([]);
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
