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
export interface DatabaseGrant {
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

const records = ["audit_event", "stack_update", "incident", "incident_entry"];

const grants: Record<"application" | "records", readonly DatabaseGrant[]> = {
  application: [
    { role: "application", key: "connect", objectType: "database", privileges: ["CONNECT"] },
    { role: "application", key: "schema", objectType: "schema", schema: "public", privileges: ["USAGE"] },
    {
      role: "application",
      key: "rows",
      owner: "migrator",
      objectType: "table",
      schema: "public",
      privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"],
    },
    {
      role: "application",
      key: "numbers",
      owner: "migrator",
      objectType: "sequence",
      schema: "public",
      privileges: ["USAGE", "SELECT"],
    },
    { role: "migrator", key: "database", objectType: "database", privileges: ["CONNECT", "CREATE"] },
    {
      role: "migrator",
      key: "schema",
      objectType: "schema",
      schema: "public",
      privileges: ["USAGE", "CREATE"],
    },
    { role: "writer", key: "connect", objectType: "database", privileges: ["CONNECT"] },
    { role: "reader", key: "connect", objectType: "database", privileges: ["CONNECT"] },
  ],
  records: [
    { role: "writer", key: "schema", objectType: "schema", schema: "reporting", privileges: ["USAGE"] },
    {
      role: "writer",
      key: "append",
      objectType: "function",
      schema: "reporting",
      objects: ["append(uuid, timestamptz, text, text, text, json)"],
      privileges: ["EXECUTE"],
    },
    {
      role: "writer",
      key: "read",
      objectType: "table",
      schema: "reporting",
      objects: records,
      privileges: ["SELECT"],
    },
    { role: "reader", key: "schema", objectType: "schema", schema: "reporting", privileges: ["USAGE"] },
    {
      role: "reader",
      key: "read",
      objectType: "table",
      schema: "reporting",
      objects: records,
      privileges: ["SELECT"],
    },
  ],
};

/** The grants of the application's own schema, or of the records'. */
export const grantsOf = (group: keyof typeof grants): readonly DatabaseGrant[] => grants[group];
