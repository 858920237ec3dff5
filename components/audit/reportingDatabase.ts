import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import * as postgresql from "@pulumi/postgresql";
import { databaseRoles, grantsOf, type DatabaseRole } from "../../decisions/database/databaseRoles";

export interface ReportingDatabaseArgs {
  /** Name of the application: the prefix of the roles' names. */
  application: string;
  /** Name of the database that the grants are for. */
  database: string;
}

/**
 * Roles of the application's database, without login: for web and workers, for migrations, for appending audit records and for
 * reading them. Whoever keeps a password creates the login and makes it a member. Address and user of the server are the
 * provider's config (`postgresql:host`, …) and its password is the variable PGPASSWORD, so no secret is in config or state.
 */
export class ReportingDatabase extends ComponentResource {
  /**
   * The roles and their grants on the application's own schema, which must exist before anything migrates. Depending on the
   * whole component instead would also wait for the grants that come after the migration.
   */
  readonly first: Resource[];
  private readonly roles: Record<DatabaseRole, postgresql.Role>;
  private readonly part: (name: string) => string;

  constructor(
    name: string,
    private readonly args: ReportingDatabaseArgs,
    options?: ComponentResourceOptions,
  ) {
    super("deployment-safety:components:ReportingDatabase", name, {}, options);
    this.part = (what) => `${name}-${what}`;
    const roleOf = ([role, of]: [string, (application: string) => string]) => [
      role,
      new postgresql.Role(
        this.part(role),
        { name: of(args.application), login: false, skipDropRole: true },
        // A mistake in a program must not remove what a role owns and may do.
        { parent: this, retainOnDelete: true },
      ),
    ];
    this.roles = Object.fromEntries(Object.entries(databaseRoles).map(roleOf)) as typeof this.roles;
    this.first = [...Object.values(this.roles), ...this.grant("application", [])];
    this.registerOutputs();
  }

  /** Grants the rights on the audit records, once their schema exists. */
  grantRecords(after: Resource[]): void {
    this.grant("records", after);
  }

  private grant(group: "application" | "records", dependsOn: Resource[]): Resource[] {
    const { database } = this.args;
    return grantsOf(group).map(({ role: who, key, owner, schema = "public", ...grant }) => {
      const name = this.part(`${who}-${key}`);
      const role = this.roles[who].name;
      const common = { ...grant, database, role };
      const options = { parent: this, dependsOn };
      return owner === undefined
        ? new postgresql.Grant(
            name,
            { ...common, ...(grant.objectType === "database" ? {} : { schema }) },
            options,
          )
        : new postgresql.DefaultPrivileges(
            name,
            { ...common, schema, owner: this.roles[owner].name },
            options,
          );
    });
  }
}
