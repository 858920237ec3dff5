/** SNS topics. Their query API is called as it is: the local cloud checks no signature, only which service a request names. */
import { toApi } from "./fields";
import { tagList, type Live, type Tag } from "./live";

const fields = {
  name: "Name",
  displayName: "DisplayName",
  kmsMasterKeyId: "KmsMasterKeyId",
  policy: "Policy",
};

const texts = (xml: string, tag: string): string[] =>
  [...xml.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "gs"))].map(([, text]) => text ?? "");
/** A list of pairs in an answer, as an object. */
const pairs = (xml: string, key: string, value: string): Record<string, string | undefined> => {
  const values = texts(xml, value);
  return Object.fromEntries(texts(xml, key).map((name, i) => [name, values[i]]));
};
const members = (tags: Tag[]): Record<string, string> =>
  Object.fromEntries(
    tags.flatMap((tag, i) =>
      Object.entries(tag).map(([part, text]) => [`Tags.member.${i + 1}.${part}`, String(text)]),
    ),
  );

/** Asks SNS at `endpoint`; the answer, or undefined if the thing does not exist. */
const asker =
  (endpoint: string) =>
  async (region: string, action: string, given: Record<string, string>): Promise<string | undefined> => {
    const authorization = `AWS4-HMAC-SHA256 Credential=rehearsal/20260101/${region}/sns/aws4_request`;
    const body = new URLSearchParams({ Action: action, Version: "2010-03-31", ...given });
    const response = await fetch(endpoint, { method: "POST", headers: { authorization }, body });
    const xml = await response.text();
    if (response.ok) return xml;
    if (xml.includes("NotFound")) return undefined;
    throw new Error(`SNS ${action}: ${texts(xml, "Message")[0] ?? `HTTP ${response.status}`}`);
  };

/** Subscriptions to topics: what a topic is told reaches queues in the local cloud. */
export function subscriptions(endpoint: string): Live {
  const ask = asker(endpoint);
  return {
    fields: { topic: "TopicArn", protocol: "Protocol", endpoint: "Endpoint" },
    async create(region, { topic, protocol, endpoint: to }) {
      const given = { TopicArn: String(topic), Protocol: String(protocol), Endpoint: String(to) };
      return texts((await ask(region, "Subscribe", given)) ?? "", "SubscriptionArn")[0] ?? "";
    },
    async read(region, id) {
      const answer = await ask(region, "GetSubscriptionAttributes", { SubscriptionArn: id });
      if (answer === undefined) return undefined;
      const { TopicArn, Protocol, Endpoint, Owner } = pairs(answer, "key", "value");
      return {
        topic: TopicArn,
        protocol: Protocol,
        endpoint: Endpoint,
        arn: id,
        ownerId: Owner,
        tagsAll: {},
      };
    },
    update: () => Promise.resolve(),
    remove: (region, id) => ask(region, "Unsubscribe", { SubscriptionArn: id }),
    tag: () => Promise.resolve(),
  };
}

/** Topics in the local cloud at `endpoint`. */
export function topics(endpoint: string): Live {
  const ask = asker(endpoint);
  return {
    fields,
    async create(region, inputs) {
      const made = await ask(region, "CreateTopic", {
        Name: String(inputs["name"]),
        ...members(tagList(inputs["tags"])),
      });
      const arn = texts(made ?? "", "TopicArn")[0] ?? "";
      await this.update(region, arn, inputs, {});
      return arn;
    },
    async read(region, id) {
      const attributes = await ask(region, "GetTopicAttributes", { TopicArn: id });
      if (attributes === undefined) return undefined;
      const tags = await ask(region, "ListTagsForResource", { ResourceArn: id });
      const [, , , , owner, name] = id.split(":");
      const { DisplayName, KmsMasterKeyId } = pairs(attributes, "key", "value");
      const tagsAll = pairs(tags ?? "", "Key", "Value");
      return { name, displayName: DisplayName, kmsMasterKeyId: KmsMasterKeyId, arn: id, owner, tagsAll };
    },
    async update(region, id, inputs) {
      const { Name: _, ...attributes } = toApi(fields, inputs) as Record<string, string>;
      for (const [AttributeName, AttributeValue] of Object.entries(attributes)) {
        await ask(region, "SetTopicAttributes", { TopicArn: id, AttributeName, AttributeValue });
      }
    },
    remove: (region, id) => ask(region, "DeleteTopic", { TopicArn: id }),
    async tag(region, id, tags, gone) {
      const keys = Object.fromEntries(gone.map((key, i) => [`TagKeys.member.${i + 1}`, key]));
      if (gone.length > 0) await ask(region, "UntagResource", { ResourceArn: id, ...keys });
      if (tags.length > 0) await ask(region, "TagResource", { ResourceArn: id, ...members(tags) });
    },
  };
}
