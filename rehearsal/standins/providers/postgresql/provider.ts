/**
 * The stand-in for the Pulumi provider `postgresql`: roles and grants, made in the real server that its config names. Like
 * the real one it connects only to create, read, update and delete: not to be configured, and not to compare.
 */
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { pathText } from "../diff";
import type { Call, Provider } from "../provider";
import { sdkVersion } from "../version";
import type { Props } from "../wire";

const role = "postgresql:index/role:Role";
const defaults = "postgresql:index/defaultPrivileges:DefaultPrivileges";

/** What must be given, and what may be: what has a question mark. */
const properties: Readonly<Record<string, string>> = {
  [role]: "name? login? skipDropRole?",
  "postgresql:index/grant:Grant": "database role objectType privileges schema? objects?",
  [defaults]: "database role objectType privileges schema owner",
};

/** Words that a grant may say; whatever else would be put into SQL as it is. */
const words =
  /^(database|schema|table|sequence|function|SELECT|INSERT|UPDATE|DELETE|USAGE|CREATE|CONNECT|EXECUTE)$/;

const quoted = (value: unknown): string => escapeIdentifier(String(value));

/** Runs it, with the password in PGPASSWORD, as one transaction, so that nobody is without a grant in between. */
async function run({ config }: Call, database: unknown, sql: string): Promise<number> {
  const { host = "127.0.0.1", port = "5432", username: user = "postgres" } = config;
  const client = new Client({
    host,
    port: Number(port),
    user,
    database: String(database ?? config["database"] ?? "postgres"),
    connectionTimeoutMillis: 5000,
  });
  await client.connect();
  try {
    return (await client.query(sql)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

/** Changes roles or grants, one at a time as the real provider does: PostgreSQL refuses two that change one object at once. */
const change = (call: Call, database: unknown, sql: string): Promise<number> =>
  run(call, database, `DO $$ BEGIN PERFORM pg_advisory_xact_lock(${changeLock}); END $$; ${sql}`);

/** Number of the advisory lock; any that nobody else takes. */
const changeLock = 7_205_113;

/** What a grant is on, in SQL. */
function target({ objectType, schema, objects, database }: Props): string {
  const type = String(objectType).toUpperCase();
  const inside = quoted(schema ?? "public");
  if (type === "DATABASE") return `DATABASE ${quoted(database)}`;
  if (type === "SCHEMA") return `SCHEMA ${inside}`;
  if (!Array.isArray(objects) || objects.length === 0) return `ALL ${type}S IN SCHEMA ${inside}`;
  const name = (text: string) =>
    text.replace(/^(\w+)/, (first) => `${inside}.${quoted(first)}`).replaceAll(/[^\w."(), ]/g, "");
  return `${type} ${objects.map((one) => name(String(one))).join(", ")}`;
}

/** SQL that takes everything from a role, and that gives it what it may: on what is there, or on what its owner will make. */
function grants(type: string, inputs: Props): { revoke: string; grant: string } {
  const { owner, schema, objectType, privileges } = inputs;
  const given = (privileges as string[]).join(", ");
  const isDefault = type === defaults;
  const on = isDefault ? `${String(objectType).toUpperCase()}S` : target(inputs);
  const alter = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(owner)} IN SCHEMA ${quoted(schema)} `;
  const [before, to] = [isDefault ? alter : "", quoted(inputs["role"])];
  return {
    revoke: `${before}REVOKE ALL ON ${on} FROM ${to};`,
    grant: `${before}GRANT ${given} ON ${on} TO ${to};`,
  };
}

/** Makes a role, or grants what is to be granted; a role that is there already is not taken over, as by the real one. */
async function put(call: Call, inputs: Props, verb: "CREATE" | "ALTER"): Promise<Props> {
  if (call.type === role) {
    const login = inputs["login"] ? "LOGIN" : "NOLOGIN";
    await change(call, undefined, `${verb} ROLE ${quoted(inputs["name"])} ${login}`);
  } else {
    const { revoke, grant } = grants(call.type, inputs);
    await change(call, inputs["database"], revoke + grant);
  }
  return inputs;
}

/** The provider; a call connects to the server and ends the connection again. */
export function postgresqlProvider(): Provider {
  return {
    version: sdkVersion("postgresql"),
    check(call, inputs) {
      const known = properties[call.type]?.split(" ");
      if (!known)
        throw new Error(`There is no ${call.type} here; it knows ${Object.keys(properties).join(", ")}.`);
      const faults = [
        ...Object.keys(inputs)
          .filter((key) => !known.some((name) => name.replace("?", "") === key))
          .map((key) => [key, `${key} is not known; known are ${known.join(", ")}`]),
        ...known
          .filter((name) => !name.endsWith("?") && inputs[name] === undefined)
          .map((name) => [name, `${name} is required`]),
        ...[inputs["objectType"] ?? [], inputs["privileges"] ?? []]
          .flat()
          .filter((word) => !words.test(String(word)))
          .map((word) => ["privileges", `${String(word)} is no privilege or type known here`]),
      ];
      const failures = faults.map(([property = "", reason = ""]) => ({ property, reason }));
      return { inputs: call.type === role ? { name: call.name, ...inputs } : inputs, failures };
    },
    replacement: (call, changes) => ({
      replaces: changes
        .filter(({ path: [key] }) => call.type !== role && key !== "privileges")
        .map(({ path }) => pathText(path)),
      deleteBeforeReplace: true,
    }),
    preview: (_call, inputs) => inputs,
    async create(call, inputs) {
      const parts = ["role", "database", "schema", "objectType", "name"].map((key) => inputs[key]);
      await put(call, inputs, "CREATE");
      return { id: parts.filter((part) => part !== undefined).join("_"), outputs: inputs };
    },
    async read(call, id, old, inputs) {
      const name = escapeLiteral(String(call.type === role ? inputs["name"] : inputs["role"]));
      const found = await run(call, undefined, `SELECT FROM pg_roles WHERE rolname = ${name}`);
      return found > 0 ? { id, outputs: old, inputs } : undefined;
    },
    update: (call, _id, inputs) => put(call, inputs, "ALTER"),
    async remove(call, _id, old) {
      if (call.type !== role) await change(call, old["database"], grants(call.type, old).revoke);
      else if (!old["skipDropRole"]) await change(call, undefined, `DROP ROLE ${quoted(old["name"])}`);
    },
    invoke: (_call, token) => Promise.reject(new Error(`There is no function ${token} here.`)),
  };
}
