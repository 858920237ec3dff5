/** SNS topics. Their query API is called as it is: the local cloud checks no signature, only which service a request names. */
import { fromApi, toApi } from "./fields";
import { tagList, type Live } from "./live";

const fields = {
  name: "Name",
  displayName: "DisplayName",
  kmsMasterKeyId: "KmsMasterKeyId",
  policy: "Policy",
};
const between = (text: string, tag: string): string[] =>
  [...text.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "gs"))].map(([, inner]) => inner ?? "");

/** Topics in the local cloud at `endpoint`. */
export function topics(endpoint: string): Live {
  /** The answer; undefined if the topic does not exist. */
  const ask = async (
    region: string,
    action: string,
    given: Record<string, string>,
  ): Promise<string | undefined> => {
    const authorization = `AWS4-HMAC-SHA256 Credential=rehearsal/20260101/${region}/sns/aws4_request`;
    const body = new URLSearchParams({ Action: action, Version: "2010-03-31", ...given });
    const response = await fetch(endpoint, { method: "POST", headers: { authorization }, body });
    const text = await response.text();
    if (response.ok) return text;
    if (text.includes("NotFound")) return undefined;
    throw new Error(`SNS ${action}: ${between(text, "Message")[0] ?? `HTTP ${response.status}`}`);
  };
  return {
    fields,
    async create(region, inputs) {
      const tags = tagList(inputs["tags"]).map(({ Key, Value }, i) => ({
        [`Tags.member.${i + 1}.Key`]: Key,
        [`Tags.member.${i + 1}.Value`]: Value,
      }));
      const made = await ask(
        region,
        "CreateTopic",
        Object.assign({ Name: String(inputs["name"]) }, ...tags) as Record<string, string>,
      );
      const arn = between(made ?? "", "TopicArn")[0] ?? "";
      await this.update(region, arn, inputs, {});
      return arn;
    },
    async read(region, id) {
      const found = await ask(region, "GetTopicAttributes", { TopicArn: id });
      if (found === undefined) return undefined;
      const values = between(found, "value");
      const attributes = Object.fromEntries(between(found, "key").map((key, i) => [key, values[i]]));
      const tags = (await ask(region, "ListTagsForResource", { ResourceArn: id })) ?? "";
      const tagValues = between(tags, "Value");
      const tagsAll = Object.fromEntries(between(tags, "Key").map((key, i) => [key, tagValues[i]]));
      const [, , , , owner, name] = id.split(":");
      const { displayName, kmsMasterKeyId } = fromApi(fields, attributes) as Record<string, string>;
      return { name, displayName, kmsMasterKeyId, arn: id, owner, tagsAll };
    },
    async update(region, id, inputs) {
      const { Name: _, ...attributes } = toApi(fields, inputs) as Record<string, string>;
      for (const [AttributeName, AttributeValue] of Object.entries(attributes)) {
        await ask(region, "SetTopicAttributes", { TopicArn: id, AttributeName, AttributeValue });
      }
    },
    remove: (region, id) => ask(region, "DeleteTopic", { TopicArn: id }),
    async tag(region, id, tags, gone) {
      const keys = gone.map((key, i) => [`TagKeys.member.${i + 1}`, key]);
      if (gone.length > 0)
        await ask(region, "UntagResource", { ResourceArn: id, ...Object.fromEntries(keys) });
      const pairs = tags.flatMap(({ Key = "", Value = "" }, i) => [
        [`Tags.member.${i + 1}.Key`, Key],
        [`Tags.member.${i + 1}.Value`, Value],
      ]);
      if (tags.length > 0)
        await ask(region, "TagResource", { ResourceArn: id, ...Object.fromEntries(pairs) });
    },
  };
}
