/** Target groups and listener rules, which the load balancer's stand-in obeys. */
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Props } from "../wire";
import { fromApi, toApi } from "./fields";
import { perRegion, tagList, tagMap, unlessAbsent, type Live, type Tag } from "./live";

const elbOf = perRegion((options) => new elb.ElasticLoadBalancingV2Client(options));
const drainKey = "deregistration_delay.timeout_seconds";

async function tag(region: string, arn: string, Tags: Tag[], TagKeys: string[]): Promise<void> {
  const ResourceArns = [arn];
  if (TagKeys.length > 0) await elbOf(region).send(new elb.RemoveTagsCommand({ ResourceArns, TagKeys }));
  if (Tags.length > 0)
    await elbOf(region).send(new elb.AddTagsCommand({ ResourceArns, Tags: Tags as elb.Tag[] }));
}

async function tagsOf(region: string, arn: string): Promise<Record<string, string>> {
  const found = await elbOf(region).send(new elb.DescribeTagsCommand({ ResourceArns: [arn] }));
  return tagMap(found.TagDescriptions?.[0]?.Tags);
}

async function setDrain(region: string, arn: string, { deregistrationDelay }: Props): Promise<void> {
  const Attributes = [{ Key: drainKey, Value: String(deregistrationDelay ?? 300) }];
  await elbOf(region).send(new elb.ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes }));
}

const groupFields = {
  name: "Name",
  port: "Port",
  protocol: "Protocol",
  protocolVersion: "ProtocolVersion",
  vpcId: "VpcId",
  targetType: "TargetType",
  ipAddressType: "IpAddressType",
  // An attribute that has a call of its own.
  deregistrationDelay: "Drain",
  healthCheck: [
    "",
    {
      enabled: "HealthCheckEnabled",
      path: "HealthCheckPath",
      port: "HealthCheckPort",
      protocol: "HealthCheckProtocol",
      interval: "HealthCheckIntervalSeconds",
      timeout: "HealthCheckTimeoutSeconds",
      healthyThreshold: "HealthyThresholdCount",
      unhealthyThreshold: "UnhealthyThresholdCount",
      matcher: "Matcher.HttpCode",
    },
  ],
} as const;

export const targetGroups: Live = {
  fields: groupFields,
  tag,
  async create(region, inputs) {
    const { Drain: _, ...group } = toApi(groupFields, inputs) as Props;
    const input = { ...group, Tags: tagList(inputs["tags"]) } as unknown as elb.CreateTargetGroupCommandInput;
    const made = await elbOf(region).send(new elb.CreateTargetGroupCommand(input));
    const arn = made.TargetGroups?.[0]?.TargetGroupArn ?? "";
    await setDrain(region, arn, inputs);
    return arn;
  },
  async read(region, id) {
    const query = new elb.DescribeTargetGroupsCommand({ TargetGroupArns: [id] });
    const group = (await unlessAbsent(elbOf(region).send(query)))?.TargetGroups?.[0];
    if (!group) return undefined;
    const described = await elbOf(region).send(
      new elb.DescribeTargetGroupAttributesCommand({ TargetGroupArn: id }),
    );
    const Drain = Number(tagMap(described.Attributes)[drainKey] ?? 300);
    return {
      ...(fromApi(groupFields, { ...group, Name: group.TargetGroupName, Drain }) as Props),
      arn: id,
      arnSuffix: id.slice(id.indexOf("targetgroup/")),
      loadBalancerArns: group.LoadBalancerArns ?? [],
      tagsAll: await tagsOf(region, id),
    };
  },
  async update(region, id, inputs) {
    const check = toApi({ healthCheck: groupFields.healthCheck }, inputs) as object;
    await elbOf(region).send(new elb.ModifyTargetGroupCommand({ TargetGroupArn: id, ...check }));
    await setDrain(region, id, inputs);
  },
  remove: (region, id) =>
    unlessAbsent(elbOf(region).send(new elb.DeleteTargetGroupCommand({ TargetGroupArn: id }))),
};

const actionFields = {
  type: "Type",
  order: "Order",
  targetGroupArn: "TargetGroupArn",
  forward: [
    "ForwardConfig",
    {
      targetGroups: ["TargetGroups", { arn: "TargetGroupArn", weight: "Weight" }],
      stickiness: ["TargetGroupStickinessConfig", { enabled: "Enabled", duration: "DurationSeconds" }],
    },
  ],
  fixedResponse: [
    "FixedResponseConfig",
    { contentType: "ContentType", messageBody: "MessageBody", statusCode: "StatusCode" },
  ],
} as const;

const conditionFields = {
  hostHeader: ["HostHeaderConfig", { values: "Values" }],
  pathPattern: ["PathPatternConfig", { values: "Values" }],
  httpHeader: ["HttpHeaderConfig", { httpHeaderName: "HttpHeaderName", values: "Values" }],
} as const;

const ruleFields = {
  listenerArn: "ListenerArn",
  priority: "Priority",
  actions: ["Actions", actionFields],
  conditions: ["Conditions", conditionFields],
} as const;

const conditionNames: Record<string, string> = {
  HostHeaderConfig: "host-header",
  PathPatternConfig: "path-pattern",
  HttpHeaderConfig: "http-header",
};

/** The rule in the API's form: each condition names its kind, and a target group without a weight has weight 1. */
function ruleOf(inputs: Props): elb.CreateRuleCommandInput {
  const rule = toApi(ruleFields, inputs) as unknown as elb.CreateRuleCommandInput;
  for (const condition of rule.Conditions ?? [])
    condition.Field = conditionNames[Object.keys(condition)[0] ?? ""];
  for (const group of rule.Actions?.flatMap(({ ForwardConfig }) => ForwardConfig?.TargetGroups ?? []) ?? [])
    group.Weight ??= 1;
  return rule;
}

/** Actions as they may be declared: a forward to one group has both of its ways, for either may be in use. */
const actionsOf = (actions: elb.Action[] | undefined) =>
  fromApi(
    actionFields,
    (actions ?? []).map((action, i) => {
      const { Type, Order, TargetGroupArn, ForwardConfig } = action;
      const groups = ForwardConfig?.TargetGroups ?? (TargetGroupArn ? [{ TargetGroupArn, Weight: 1 }] : []);
      const forward = { ForwardConfig: { ...ForwardConfig, TargetGroups: groups } };
      const one = groups.length === 1 ? groups[0]?.TargetGroupArn : undefined;
      return {
        ...action,
        Order: Order ?? i + 1,
        TargetGroupArn: one,
        ...(Type === "forward" ? forward : {}),
      };
    }),
  );

export const listenerRules: Live = {
  fields: ruleFields,
  tag,
  async create(region, inputs) {
    const rule = ruleOf(inputs);
    if (rule.Priority === undefined) {
      const { Rules } = await elbOf(region).send(
        new elb.DescribeRulesCommand({ ListenerArn: rule.ListenerArn }),
      );
      rule.Priority = Math.max(0, ...(Rules ?? []).map(({ Priority }) => Number(Priority) || 0)) + 1;
    }
    const made = await elbOf(region).send(
      new elb.CreateRuleCommand({ ...rule, Tags: tagList(inputs["tags"]) }),
    );
    return made.Rules?.[0]?.RuleArn ?? "";
  },
  async read(region, id) {
    const found = await unlessAbsent(elbOf(region).send(new elb.DescribeRulesCommand({ RuleArns: [id] })));
    const rule = found?.Rules?.[0];
    if (!rule) return undefined;
    return {
      ...(fromApi({ conditions: ruleFields.conditions }, rule) as Props),
      arn: id,
      listenerArn: id.replace(":listener-rule/", ":listener/").replace(/\/[^/]+$/, ""),
      priority: Number(rule.Priority),
      actions: actionsOf(rule.Actions),
      tagsAll: await tagsOf(region, id),
    };
  },
  async update(region, id, inputs, now) {
    const { Priority, Actions, Conditions } = ruleOf(inputs);
    if (Priority !== undefined && Priority !== now["priority"]) {
      await elbOf(region).send(
        new elb.SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn: id, Priority }] }),
      );
    }
    await elbOf(region).send(new elb.ModifyRuleCommand({ RuleArn: id, Actions, Conditions }));
  },
  remove: (region, id) => unlessAbsent(elbOf(region).send(new elb.DeleteRuleCommand({ RuleArn: id }))),
};

/** The invoke `aws:lb/getListener:getListener`. Throws, naming what was asked for, if there is no such listener. */
export async function getListener(region: string, { arn, loadBalancerArn, port }: Props): Promise<object> {
  const wanted = arn ? String(arn) : `on port ${String(port)} of ${String(loadBalancerArn)}`;
  const query = arn ? { ListenerArns: [String(arn)] } : { LoadBalancerArn: String(loadBalancerArn) };
  const found = await unlessAbsent(elbOf(region).send(new elb.DescribeListenersCommand(query)));
  const listener = found?.Listeners?.find((one) => arn !== undefined || one.Port === port);
  if (!listener) throw new Error(`There is no listener ${wanted} in ${region}.`);
  return {
    arn: listener.ListenerArn,
    id: listener.ListenerArn,
    loadBalancerArn: listener.LoadBalancerArn,
    port: listener.Port,
    protocol: listener.Protocol,
    defaultActions: actionsOf(listener.DefaultActions),
    certificateArn: listener.Certificates?.[0]?.CertificateArn ?? "",
    sslPolicy: listener.SslPolicy ?? "",
    region,
    tags: await tagsOf(region, listener.ListenerArn ?? ""),
  };
}
