import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import * as postgresql from "@pulumi/postgresql";
import { databaseRoles, grantsOf, type DatabaseRole } from "../../decisions/database/databaseRoles";

export interface ReportingDatabaseArgs {
  /** Name of the application, which the roles' names begin with. */
  application: string;
  /** Database that the grants are for. */
  database: string;
}

/**
 * Roles of the application's database, without login: who runs web and workers, who migrates, who appends records and who
 * reads them. A login is made by who keeps its password, and becomes a member. Address and user of the server are the
 * provider's own config (`postgresql:host`, …), its password the variable PGPASSWORD: no secret is in config or state.
 */
export class ReportingDatabase extends ComponentResource {
  /**
   * The roles and what they may do with the application's own schema: what has to be there before anything migrates. Not the
   * component, which would be what comes only after that, too.
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
        // What a role owns and may do must not vanish with a mistake in a program.
        { parent: this, retainOnDelete: true },
      ),
    ];
    this.roles = Object.fromEntries(Object.entries(databaseRoles).map(roleOf)) as typeof this.roles;
    this.first = [...Object.values(this.roles), ...this.grant("application", [])];
    this.registerOutputs();
  }

  /** What the records' roles may do, once their schema is there. */
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
