/** Names of each resource type's properties, taken from the Node SDK's own type declarations, so that they are never out of step. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sdkVersion } from "../version";

const sdk = dirname(require.resolve("@pulumi/aws/package.json"));

export interface Schema {
  required: ReadonlySet<string>;
  /** Every property that may be given. */
  inputs: ReadonlySet<string>;
  /** Outputs that the service computes, so that a preview does not know them. */
  computed: string[];
}

const schemas = new Map<string, Schema>();

/** The schema of a type token such as `aws:lb/targetGroup:TargetGroup`. Throws if the SDK has no such type. */
export function schemaOf(type: string): Schema {
  const known = schemas.get(type);
  if (known) return known;
  const [, module = "", className = ""] = type.split(":");
  const file = join(sdk, `${module}.d.ts`);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const block = (start: string) => text.split(start)[1]?.split("\n}")[0];
  const [args, body] = [
    block(`export interface ${className}Args {`),
    block(`export declare class ${className} `),
  ];
  if (args === undefined || body === undefined)
    throw new Error(`@pulumi/aws ${sdkVersion("aws")} has no resource type ${type}.`);
  const fields = [...args.matchAll(/^ {4}(\w+)(\??):/gm)];
  const inputs = new Set(fields.map(([, name]) => name ?? ""));
  const outputs = [...body.matchAll(/readonly (\w+): pulumi\.Output/g)].map(([, name]) => name ?? "");
  const schema = {
    required: new Set(fields.filter(([, , optional]) => optional === "").map(([, name]) => name ?? "")),
    inputs,
    computed: outputs.filter((name) => !inputs.has(name)),
  };
  schemas.set(type, schema);
  return schema;
}
