/** The stand-in for the Pulumi provider `aws`: it checks what AWS would check and creates in moto what moto has; the rest is state. */
import { drifted, pathText } from "../diff";
import type { Call, Failure, Provider } from "../provider";
import { nameFrom, prune, unknown, type Props } from "../wire";
import { alarms, compositeAlarms } from "./alarms";
import { brokenRules, keptOutputs, typeOf } from "./catalog";
import { crossChecks } from "./crossChecks";
import { unhandled } from "./fields";
import { tagList, type Live } from "./live";
import { getListener, listenerRules, targetGroups } from "./loadBalancing";
import { getParametersByPath, parameters } from "./parameters";
import { sdkVersion } from "../version";
import { schemaOf } from "./schema";
import { queues } from "./queues";
import { subscriptions, topics } from "./topics";

/** The account that moto answers for. */
const account = "123456789012";

const defaultTags = ({ config }: Call): Props =>
  (JSON.parse(config["defaultTags"] ?? "{}") as { tags?: Props }).tags ?? {};

function regionOf({ config }: Call, props: Props): string {
  const region = props["region"] ?? config["region"] ?? process.env["AWS_REGION"];
  if (!region) throw new Error("The aws provider needs a region: set aws:region in the stack's config.");
  return String(region);
}

/** The inputs with an automatic name where one is due; it is kept over updates and marked, as the real provider does. */
function named(call: Call, inputs: Props, old: Props | undefined, seed: Uint8Array): Props {
  const key = typeOf(call.type).autoname;
  if (key === undefined || inputs[key] !== undefined) return inputs;
  const before = (old?.["__defaults"] as string[] | undefined)?.includes(key) ? old?.[key] : undefined;
  const name = before ?? nameFrom(String(inputs["namePrefix"] ?? `${call.name}-`), seed);
  return { ...inputs, [key]: name, __defaults: [key] };
}

/** Everything wrong with a resource's inputs: unknown and missing properties, then AWS's own rules. */
function failuresOf(type: string, given: Props, handler: Live | undefined): Failure[] {
  const { __defaults: _, ...inputs } = given;
  const { inputs: known, required } = schemaOf(type);
  const strangers = Object.keys(inputs).filter((key) => !known.has(key));
  const { region: _region, tags: _tags, namePrefix: _prefix, ...handled } = inputs;
  const crossed = (crossChecks[type]?.(inputs) ?? []).filter((reason) => typeof reason === "string");
  return [
    ...strangers.map((property) => ({
      property,
      reason: `${property} is no property of ${type}; it has ${[...known].join(", ")}`,
    })),
    ...(handler ? unhandled(handler.fields, handled) : [])
      .filter((property) => !strangers.includes(property))
      .map((property) => ({ property, reason: `${property} is not known to the rehearsal's ${type}` })),
    ...[...required]
      .filter((key) => inputs[key] === undefined)
      .map((property) => ({ property, reason: `${property} is required` })),
    ...brokenRules(typeOf(type), inputs),
    ...crossed
      .map((reason) => ({ property: reason.split(" ")[0] ?? "", reason }))
      .filter(({ property }) => inputs[property.split(/[.[]/)[0] ?? ""] !== unknown),
  ];
}

/** The inputs with the provider's default tags, for types that have tags. */
const tagged = (call: Call, inputs: Props): Props =>
  schemaOf(call.type).inputs.has("tags")
    ? { ...inputs, tags: { ...defaultTags(call), ...(inputs["tags"] as Props) } }
    : inputs;

/** What is live, overridden by what was declared: a service may write the same value differently. */
function outputsOf(call: Call, inputs: Props, found: object): Props {
  const tagsAll = tagged(call, inputs)["tags"];
  const region = schemaOf(call.type).inputs.has("region") && { region: regionOf(call, inputs) };
  return { ...found, ...inputs, ...(tagsAll ? { tagsAll } : {}), ...region };
}

async function readLive(handler: Live, region: string, { type }: Call, id: string) {
  const found = await handler.read(region, id);
  if (found) return found;
  throw new Error(
    `${type} ${id} is gone: something else removed it. After pulumi refresh, pulumi up makes it again.`,
  );
}

/** A live resource as state: its outputs, and the inputs that would declare it as it is now. */
function stateOf(call: Call, id: string, answer: object, oldInputs: Props) {
  const found = prune(answer) as Props;
  const defaults = defaultTags(call);
  const own = Object.entries(found["tagsAll"] as Props).filter(([key, value]) => defaults[key] !== value);
  // Properties that only say how to write (overwrite, region) are never live, and stay as declared.
  const hidden = Object.entries(oldInputs).filter(([key]) =>
    ["overwrite", "region", "namePrefix", "policy"].includes(key),
  );
  const now = { ...found, ...Object.fromEntries(hidden), tags: Object.fromEntries(own) };
  const importable = Object.entries(now).filter(([key]) => schemaOf(call.type).inputs.has(key));
  const inputs = Object.keys(oldInputs).length > 0 ? drifted(oldInputs, now) : Object.fromEntries(importable);
  return { id, outputs: { ...outputsOf(call, inputs, found), tagsAll: found["tagsAll"] ?? {} }, inputs };
}

async function invoke(call: Call, token: string, args: Props): Promise<object> {
  const region = regionOf(call, args);
  switch (token) {
    case "aws:lb/getListener:getListener":
      return getListener(region, args);
    case "aws:ssm/getParametersByPath:getParametersByPath":
      return getParametersByPath(region, args);
    default:
      throw new Error(
        `The rehearsal has no function ${token}; one is added in rehearsal/standins/providers/aws/provider.ts.`,
      );
  }
}

/** @param endpoint Address of the local cloud, which every request goes to. */
export function awsProvider(endpoint: string): Provider {
  process.env["AWS_ENDPOINT_URL"] = endpoint;
  process.env["AWS_ACCESS_KEY_ID"] ??= "rehearsal";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "rehearsal";
  const live: Readonly<Record<string, Live>> = {
    "aws:lb/targetGroup:TargetGroup": targetGroups,
    "aws:lb/listenerRule:ListenerRule": listenerRules,
    "aws:ssm/parameter:Parameter": parameters,
    "aws:sns/topic:Topic": topics(endpoint),
    "aws:sns/topicSubscription:TopicSubscription": subscriptions(endpoint),
    "aws:sqs/queue:Queue": queues,
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarms,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": compositeAlarms,
  };

  return {
    version: sdkVersion("aws"),
    check(call, given, old, seed) {
      const inputs = named(call, given, old, seed);
      return { inputs, failures: failuresOf(call.type, inputs, live[call.type]) };
    },
    replacement(call, changes, old, inputs) {
      const { forceNew, autoname = "name" } = typeOf(call.type);
      const forcing = changes.filter(({ path: [key] }) =>
        forceNew === "*" ? true : [...forceNew, "region", "namePrefix"].includes(String(key)),
      );
      // A declared name is taken until the old resource is gone; of an automatic one the engine asks for another.
      const sameName =
        inputs[autoname] !== undefined && inputs[autoname] === old[autoname] && !inputs["__defaults"];
      return {
        replaces: forcing.map(({ path }) => pathText(path)),
        deleteBeforeReplace: forcing.length > 0 && sameName,
      };
    },
    preview(call, inputs) {
      const computed = schemaOf(call.type).computed.map((key) => [key, unknown]);
      return outputsOf(call, inputs, Object.fromEntries(computed));
    },
    async create(call, inputs) {
      const [handler, region, { kept }] = [live[call.type], regionOf(call, inputs), typeOf(call.type)];
      if (!handler) {
        const { id, ...outputs } = keptOutputs(kept ?? { id: call.name }, inputs, { region, account });
        return { id, outputs: outputsOf(call, inputs, outputs) };
      }
      const complete = tagged(call, inputs);
      const id = await handler.create(region, complete);
      // Not every service takes tags with the creation.
      await handler.tag(region, id, tagList(complete["tags"]), []);
      return { id, outputs: outputsOf(call, inputs, await readLive(handler, region, call, id)) };
    },
    async read(call, id, old, oldInputs) {
      const handler = live[call.type];
      if (!handler) return { id, outputs: old, inputs: oldInputs };
      const answer = await handler.read(regionOf(call, { ...old, ...oldInputs }), id);
      return answer && stateOf(call, id, answer, oldInputs);
    },
    async update(call, id, inputs, old) {
      const handler = live[call.type];
      if (!handler) return outputsOf(call, inputs, old);
      const [region, complete] = [regionOf(call, inputs), tagged(call, inputs)];
      const now = await readLive(handler, region, call, id);
      await handler.update(region, id, complete, now);
      const tags = tagList(complete["tags"]);
      const gone = Object.keys((old["tagsAll"] ?? {}) as object).filter(
        (key) => !tags.some(({ Key }) => Key === key),
      );
      await handler.tag(region, id, tags, gone);
      return outputsOf(call, inputs, await readLive(handler, region, call, id));
    },
    remove: async (call, id, old) => void (await live[call.type]?.remove(regionOf(call, old), id)),
    invoke,
  };
}
