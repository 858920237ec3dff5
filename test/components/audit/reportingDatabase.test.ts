import * as ssm from "@pulumi/aws/ssm";
import { beforeAll, describe, expect, it } from "vitest";
import { ReportingDatabase } from "../../../components/audit/reportingDatabase";
import { declare, named, type Declared } from "../declared";

describe("the roles of the database", () => {
  let resources: Map<string, Declared>;
  beforeAll(async () => {
    resources = await declare(() => {
      const schema = new ssm.Parameter("schema", { type: "String", insecureValue: "the Job" });
      new ReportingDatabase("database", { application: "school", database: "school_prod" }).grantRecords([
        schema,
      ]);
    });
  });
  const grants = () =>
    [...resources.values()].filter(({ type }) => /grant:Grant|defaultPrivileges/.test(type));

  it("are four, without login and without password, and stay when the program is gone", () => {
    for (const [role, name] of [
      ["application", "school_application"],
      ["migrator", "school_migrator"],
      ["writer", "reporting_writer"],
      ["reader", "reporting_reader"],
    ] as const) {
      const { inputs } = named(resources, `database-${role}`);
      expect(inputs).toEqual({ name, login: false, skipDropRole: true });
    }
  });

  it("let the writer of records append by the one function and read, and nothing else", () => {
    const own = grants().filter(({ inputs }) => inputs.role === "reporting_writer");
    expect(own.flatMap(({ inputs }) => inputs.privileges as string[]).sort()).toEqual([
      "CONNECT",
      "EXECUTE",
      "SELECT",
      "USAGE",
    ]);
    expect(own.find(({ inputs }) => inputs.objectType === "function")?.inputs.objects).toEqual([
      "append(uuid, timestamptz, text, text, text, json)",
    ]);
  });

  it("let nobody but the migrator make or change tables, and the application reach no record", () => {
    const creating = grants().filter(({ inputs }) => (inputs.privileges as string[]).includes("CREATE"));
    expect(new Set(creating.map(({ inputs }) => inputs.role))).toEqual(new Set(["school_migrator"]));
    const ofApplication = grants().filter(({ inputs }) => inputs.role === "school_application");
    expect(ofApplication.map(({ inputs }) => inputs.schema)).not.toContain("reporting");
  });

  it("get what they may do with records only once the schema is there", () => {
    const records = grants().filter(({ inputs }) => inputs.schema === "reporting");
    expect(records).toHaveLength(5);
    for (const { dependsOn } of records) expect(dependsOn).toContain("schema");
  });
});
