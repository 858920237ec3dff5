/** Parameters of SSM Parameter Store, by which the program, the commands and the application talk. */
import * as ssm from "@aws-sdk/client-ssm";
import type { Props } from "../wire";
import { fromApi, toApi } from "./fields";
import { perRegion, tagMap, unlessAbsent, type Live } from "./live";

const ssmOf = perRegion((options) => new ssm.SSMClient(options));

const fields = {
  name: "Name",
  type: "Type",
  value: "Value",
  insecureValue: "Value",
  tier: "Tier",
  description: "Description",
  allowedPattern: "AllowedPattern",
  dataType: "DataType",
  keyId: "KeyId",
  overwrite: "Overwrite",
} as const;

const put = (region: string, inputs: Props) =>
  ssmOf(region).send(
    new ssm.PutParameterCommand(toApi(fields, inputs) as unknown as ssm.PutParameterCommandInput),
  );

export const parameters: Live = {
  fields,
  async create(region, inputs) {
    const name = String(inputs["name"]);
    await put(region, inputs).catch((cause: unknown) => {
      if (!(cause instanceof ssm.ParameterAlreadyExists)) throw cause;
      const ways = "Import it (pulumi import), remove it, or set overwrite: true";
      throw new Error(`ParameterAlreadyExists: ${name} exists and is not in this stack's state. ${ways}.`, {
        cause,
      });
    });
    return name;
  },
  async read(region, id) {
    const found = await unlessAbsent(
      ssmOf(region).send(new ssm.GetParameterCommand({ Name: id, WithDecryption: true })),
    );
    if (!found?.Parameter) return undefined;
    const filter = { Key: "Name", Option: "Equals", Values: [id] };
    const [described, tags] = await Promise.all([
      ssmOf(region).send(new ssm.DescribeParametersCommand({ ParameterFilters: [filter] })),
      ssmOf(region).send(new ssm.ListTagsForResourceCommand({ ResourceType: "Parameter", ResourceId: id })),
    ]);
    return {
      ...(fromApi(fields, { Tier: "Standard", ...described.Parameters?.[0], ...found.Parameter }) as Props),
      arn: found.Parameter.ARN,
      version: found.Parameter.Version,
      tagsAll: tagMap(tags.TagList),
    };
  },
  update: async (region, _id, inputs) => void (await put(region, { ...inputs, overwrite: true })),
  remove: (region, id) => unlessAbsent(ssmOf(region).send(new ssm.DeleteParameterCommand({ Name: id }))),
  async tag(region, id, Tags, TagKeys) {
    const subject = { ResourceType: "Parameter" as const, ResourceId: id };
    if (TagKeys.length > 0)
      await ssmOf(region).send(new ssm.RemoveTagsFromResourceCommand({ ...subject, TagKeys }));
    if (Tags.length > 0)
      await ssmOf(region).send(new ssm.AddTagsToResourceCommand({ ...subject, Tags: Tags as ssm.Tag[] }));
  },
};

/** The invoke `aws:ssm/getParametersByPath:getParametersByPath`, all pages; a path without parameters gives empty lists. */
export async function getParametersByPath(region: string, args: Props): Promise<object> {
  const {
    path,
    recursive = false,
    withDecryption = true,
  } = args as { path: string; [option: string]: boolean | string };
  const query = { Path: path, Recursive: recursive === true, WithDecryption: withDecryption === true };
  const found: ssm.Parameter[] = [];
  const pages = ssm.paginateGetParametersByPath({ client: ssmOf(region) }, query);
  for await (const page of pages) found.push(...(page.Parameters ?? []));
  return {
    ...args,
    id: path,
    region,
    arns: found.map(({ ARN }) => ARN),
    names: found.map(({ Name }) => Name),
    types: found.map(({ Type }) => Type),
    values: found.map(({ Value }) => Value),
  };
}
