/** The stand-in for the Pulumi provider `postgresql`: roles and grants, made in the real server that its config names. */
import { readFileSync } from "node:fs";
import { Client, escapeIdentifier as quoted } from "pg";
import { pathText } from "../../rehearsal/providers/diff";
import type { Call, Provider } from "../../rehearsal/providers/provider";
import type { Props } from "../../rehearsal/providers/wire";

/** Version of the Node SDK, for the engine warns when they differ. */
const { version } = JSON.parse(readFileSync(require.resolve("@pulumi/postgresql/package.json"), "utf8")) as {
  version: string;
};

const role = "postgresql:index/role:Role";
const grant = "postgresql:index/grant:Grant";
const defaults = "postgresql:index/defaultPrivileges:DefaultPrivileges";

/** A property that must be text; anything else has no place in SQL. */
function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error(`${JSON.stringify(value)} must be text.`);
}

/** What may be given, and what must be: what is marked. */
const properties: Readonly<Record<string, readonly string[]>> = {
  [role]: ["name", "login", "skipDropRole"],
  [grant]: ["database!", "role!", "objectType!", "privileges!", "schema", "objects"],
  [defaults]: ["database!", "role!", "objectType!", "privileges!", "schema!", "owner!"],
};

/** Words that a grant may say; whatever else would be put into SQL as it is. */
const words =
  /^(database|schema|table|sequence|function|SELECT|INSERT|UPDATE|DELETE|USAGE|CREATE|CONNECT|EXECUTE)$/;

async function run(call: Call, database: string, sql: string): Promise<Record<string, unknown>[]> {
  const { host = "127.0.0.1", port = "5432", username: user = "postgres" } = call.config;
  const password = process.env["PGPASSWORD"];
  const client = new Client({
    host,
    port: Number(port),
    user,
    database,
    connectionTimeoutMillis: 5000,
    ...(password ? { password } : {}),
  });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The database that roles are made in: they belong to the whole server. */
const anyDatabase = ({ config }: Call): string => config["database"] ?? "postgres";

/** What a grant is on, in SQL. */
function target({ objectType, schema, objects, database }: Props): string {
  const type = text(objectType).toUpperCase();
  const inside = quoted(text(schema ?? "public"));
  if (type === "DATABASE") return `DATABASE ${quoted(text(database))}`;
  if (type === "SCHEMA") return `SCHEMA ${inside}`;
  if (!Array.isArray(objects) || objects.length === 0) return `ALL ${type}S IN SCHEMA ${inside}`;
  const name = (text: string) =>
    text.replace(/^(\w+)/, (first) => `${inside}.${quoted(first)}`).replaceAll(/[^\w."(), ]/g, "");
  return `${type} ${objects.map((one) => name(text(one))).join(", ")}`;
}

/** What a role gets, or loses, on what another one makes from now on. */
function byDefault(
  { owner, schema, objectType, role: to, privileges }: Props,
  verb?: string,
  word = "TO",
): string {
  const what = verb ?? `GRANT ${(privileges as string[]).join(", ")}`;
  const on = `${text(objectType).toUpperCase()}S ${word} ${quoted(text(to))}`;
  return `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(text(owner))} IN SCHEMA ${quoted(text(schema))} ${what} ON ${on}`;
}

async function put(call: Call, inputs: Props): Promise<void> {
  if (call.type === role) {
    const name = quoted(text(inputs["name"]));
    const exists = `SELECT 1 FROM pg_roles WHERE quote_ident(rolname) = quote_ident('${text(inputs["name"]).replaceAll("'", "''")}')`;
    const known = (await run(call, anyDatabase(call), exists)).length > 0;
    await run(
      call,
      anyDatabase(call),
      `${known ? "ALTER" : "CREATE"} ROLE ${name} ${inputs["login"] ? "LOGIN" : "NOLOGIN"}`,
    );
    return;
  }
  if (call.type === defaults) {
    await run(
      call,
      text(inputs["database"]),
      `${byDefault(inputs, "REVOKE ALL", "FROM")}; ${byDefault(inputs)}`,
    );
    return;
  }
  const to = quoted(text(inputs["role"]));
  const privileges = (inputs["privileges"] as string[]).join(", ");
  const on = target(inputs);
  // In one transaction, so that nobody is without it in between.
  await run(
    call,
    text(inputs["database"]),
    `BEGIN; REVOKE ALL ON ${on} FROM ${to}; GRANT ${privileges} ON ${on} TO ${to}; COMMIT`,
  );
}

const idOf = (inputs: Props): string =>
  ["role", "database", "schema", "objectType", "name"]
    .flatMap((key) => (inputs[key] === undefined ? [] : [text(inputs[key])]))
    .join("_");

/** The provider; a call connects to the server and ends the connection again. */
export function postgresqlProvider(): Provider {
  return {
    version,
    check(call, inputs) {
      const known = properties[call.type];
      if (!known)
        throw new Error(`There is no ${call.type} here; it knows ${Object.keys(properties).join(", ")}.`);
      const names = known.map((name) => name.replace("!", ""));
      const strangers = Object.keys(inputs).filter((key) => !names.includes(key));
      const missing = known.filter((name) => name.endsWith("!") && inputs[name.slice(0, -1)] === undefined);
      const given = [inputs["objectType"], ...((inputs["privileges"] ?? []) as string[])];
      const wrong = given.filter((word) => word !== undefined && !words.test(text(word)));
      const failures = [
        ...strangers.map((property) => ({
          property,
          reason: `${property} is not known; known are ${names.join(", ")}`,
        })),
        ...missing.map((name) => ({
          property: name.slice(0, -1),
          reason: `${name.slice(0, -1)} is required`,
        })),
        ...wrong.map((word) => ({
          property: "privileges",
          reason: `${text(word)} is no privilege or type known here`,
        })),
      ];
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
      await put(call, inputs);
      return { id: idOf(inputs), outputs: inputs };
    },
    read: (_call, id, old, inputs) => Promise.resolve({ id, outputs: old, inputs }),
    async update(call, _id, inputs) {
      await put(call, inputs);
      return inputs;
    },
    async remove(call, _id, old) {
      if (call.type === defaults)
        await run(call, text(old["database"]), byDefault(old, "REVOKE ALL", "FROM"));
      else if (call.type === grant)
        await run(
          call,
          text(old["database"]),
          `REVOKE ALL ON ${target(old)} FROM ${quoted(text(old["role"]))}`,
        );
      else if (!old["skipDropRole"])
        await run(call, anyDatabase(call), `DROP ROLE ${quoted(text(old["name"]))}`);
    },
    invoke: (_call, token) => Promise.reject(new Error(`There is no function ${token} here.`)),
  };
}
