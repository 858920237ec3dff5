/** Who may do what in the application's database: the least that each needs. */

/** The roles, and how each is called. The two of the records are those that the schema `reporting` names. */
export const databaseRoles = {
  /** Web and workers: rows, never the schema. */
  application: (application: string) => `${application}_application`,
  /** Migrations: the schema. */
  migrator: (application: string) => `${application}_migrator`,
  /** Commands: append through one function, and read. */
  writer: () => "reporting_writer",
  /** People and reports: read. */
  reader: () => "reporting_reader",
} as const;
export type DatabaseRole = keyof typeof databaseRoles;

/** One grant, in the words of @pulumi/postgresql. */
interface DatabaseGrant {
  role: DatabaseRole;
  /** Tells the grants of a role apart. */
  key: string;
  /** Role whose future tables or sequences it is on: what a migration makes is there only later. */
  owner?: DatabaseRole;
  objectType: "database" | "schema" | "table" | "sequence" | "function";
  schema?: string;
  objects?: string[];
  privileges: string[];
}

const onDatabase = (role: DatabaseRole, key: string, ...privileges: string[]): DatabaseGrant => ({
  role,
  key,
  objectType: "database",
  privileges,
});

const onSchema = (role: DatabaseRole, schema: string, ...privileges: string[]): DatabaseGrant => ({
  role,
  key: "schema",
  objectType: "schema",
  schema,
  privileges,
});

/** On what migrations make. */
const onFuture = (objectType: "table" | "sequence", key: string, ...privileges: string[]): DatabaseGrant => ({
  role: "application",
  key,
  owner: "migrator",
  objectType,
  schema: "public",
  privileges,
});

const readRecords = (role: DatabaseRole): DatabaseGrant => ({
  role,
  key: "read",
  objectType: "table",
  schema: "reporting",
  objects: ["audit_event", "stack_update", "incident", "incident_entry"],
  privileges: ["SELECT"],
});

const grants: Record<"application" | "records", readonly DatabaseGrant[]> = {
  application: [
    onDatabase("application", "connect", "CONNECT"),
    onSchema("application", "public", "USAGE"),
    onFuture("table", "rows", "SELECT", "INSERT", "UPDATE", "DELETE"),
    onFuture("sequence", "numbers", "USAGE", "SELECT"),
    onDatabase("migrator", "database", "CONNECT", "CREATE"),
    onSchema("migrator", "public", "USAGE", "CREATE"),
    onDatabase("writer", "connect", "CONNECT"),
    onDatabase("reader", "connect", "CONNECT"),
  ],
  records: [
    onSchema("writer", "reporting", "USAGE"),
    {
      role: "writer",
      key: "append",
      objectType: "function",
      schema: "reporting",
      objects: ["append(uuid, timestamptz, text, text, text, json)"],
      privileges: ["EXECUTE"],
    },
    readRecords("writer"),
    onSchema("reader", "reporting", "USAGE"),
    readRecords("reader"),
  ],
};

/** The grants of the application's own schema, or of the records'. */
export const grantsOf = (group: keyof typeof grants): readonly DatabaseGrant[] => grants[group];
