import { ofType } from "../resourceGraph";
import { type Declared, type PolicyContext, textsSetting } from "../rule";
import { databaseTypes, types } from "../types";
import { document, isObject, unknown, valueAt } from "../propertyValues";

/** A database that must be backed up: one of this stack, or one that the stack only knows by its ARN. */
export interface Database {
  /** As a message names it. */
  label: string;
  /** The resource that a violation is reported on; absent for a database outside the stack. */
  resource?: Declared;
  /** {@link unknown} before it is created. */
  arn: unknown;
  kind: "db" | "cluster";
  /** Its own name in AWS, {@link unknown} before it is created. */
  identifier: unknown;
  /** Tags, {@link unknown} if they are not known yet; absent for a database outside the stack. */
  tags?: Readonly<Record<string, unknown>> | typeof unknown;
}

/** The setting by which a policy learns of databases outside the stack. */
export const databasesSetting = {
  databases: textsSetting(
    "ARNs of databases that are not declared in the stack. The database of this project's own config is always among them.",
  ),
};

/** A replica shares its source's backups. */
export const isReplica = ({ properties }: Declared): boolean =>
  valueAt(properties, "replicateSourceDb") !== undefined;

/** The stack's databases, those of the setting, and the one of this project's config; no replicas. */
export function databasesOf(
  resources: readonly Declared[],
  arns: readonly string[],
  { config }: PolicyContext,
): Database[] {
  const own = ofType(resources, ...databaseTypes)
    .filter((resource) => !isReplica(resource))
    .map((resource): Database => {
      const { properties, type } = resource;
      const kind = type === types.databaseInstance ? "db" : "cluster";
      const tags = valueAt(properties, "tagsAll") ?? valueAt(properties, "tags");
      return {
        label: `database ${resource.name}`,
        resource,
        arn: valueAt(properties, "arn") ?? unknown,
        kind,
        identifier: valueAt(properties, kind === "db" ? "identifier" : "clusterIdentifier") ?? unknown,
        tags: isObject(tags) ? tags : tags === unknown ? unknown : {},
      };
    });
  const configured = valueAt(document(config["deployment-safety:database"]), "arn");
  const known = new Set(own.map(({ arn }) => arn));
  const outside = new Set([...arns, ...(typeof configured === "string" ? [configured] : [])]);
  return [
    ...own,
    ...[...outside]
      .filter((arn) => !known.has(arn))
      .map((arn): Database => {
        const [, kind = "", identifier = ""] =
          /^arn:[^:]+:rds:[^:]*:[^:]*:(db|cluster):(.+)$/.exec(arn) ?? [];
        return { label: arn, arn, kind: kind === "cluster" ? "cluster" : "db", identifier };
      }),
  ];
}
