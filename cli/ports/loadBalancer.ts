import {
  DescribeRulesCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  ListenerNotFoundException,
  ModifyRuleCommand,
  type Action,
  type Rule,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { pausedBody, slots, type Slot } from "../../decisions/stack/names";
import { describeRouting, sameRouting, type Routing } from "../../decisions/traffic/routing";
import { exitCodes, Failure } from "../shell/failure";
import { retry } from "../shell/wait";
import { awsClient } from "./aws";

/** The weighted rule and both slots' target groups, as they are now. */
export interface Route {
  ruleArn: string;
  targetGroupArns: Record<Slot, string>;
  routing: Routing;
}

/** Targets of a slot by state. */
export interface TargetCounts {
  total: number;
  healthy: number;
}

/** The load balancer's rules and targets of one stack. */
export interface LoadBalancer {
  /** Undefined while the rules do not exist: nothing was ever released here. */
  route(signal?: AbortSignal): Promise<Route | undefined>;
  targets(route: Route, slot: Slot): Promise<TargetCounts>;
  /**
   * Makes the rule what `routing` says and reads it back: an answer without an error is not yet a changed rule.
   * A throttled or failing call is tried again with jitter; returns whether a change was needed.
   */
  set(route: Route, routing: Routing, signal?: AbortSignal): Promise<boolean>;
}

/** What {@link createLoadBalancer} needs to find the stack's rules. */
export interface LoadBalancerArgs {
  region: string | undefined;
  listenerArn: string;
  /** Priority of the weighted rule; the slots' test rules have the two before it. */
  rulePriority: number;
}

/** The rules of one stack on an Application Load Balancer. */
export function createLoadBalancer({ region, listenerArn, rulePriority }: LoadBalancerArgs): LoadBalancer {
  const client = new ElasticLoadBalancingV2Client(awsClient(region));

  const rules = async (signal?: AbortSignal): Promise<Map<string, Rule>> => {
    const found = new Map<string, Rule>();
    let Marker: string | undefined;
    do {
      const page = await client
        .send(new DescribeRulesCommand({ ListenerArn: listenerArn, Marker }), {
          ...(signal && { abortSignal: signal }),
        })
        .catch((error: unknown) => {
          signal?.throwIfAborted();
          throw error instanceof ListenerNotFoundException ? noListener(listenerArn, error) : error;
        });
      for (const rule of page.Rules ?? []) if (rule.Priority) found.set(rule.Priority, rule);
      Marker = page.NextMarker;
    } while (Marker);
    return found;
  };

  const route = async (signal?: AbortSignal): Promise<Route | undefined> => {
    const found = await rules(signal);
    const rule = found.get(String(rulePriority));
    const blue = onlyTargetGroup(found.get(String(rulePriority - 2)));
    const green = onlyTargetGroup(found.get(String(rulePriority - 1)));
    if (!rule?.RuleArn || !blue || !green) return undefined;
    const targetGroupArns = { blue, green };
    return { ruleArn: rule.RuleArn, targetGroupArns, routing: routingOf(rule, targetGroupArns) };
  };

  return {
    route,
    async targets(current, slot) {
      const answer = await client.send(
        new DescribeTargetHealthCommand({ TargetGroupArn: current.targetGroupArns[slot] }),
      );
      const states = (answer.TargetHealthDescriptions ?? []).map((target) => target.TargetHealth?.State);
      return {
        total: states.filter((state) => state !== "draining").length,
        healthy: states.filter((state) => state === "healthy").length,
      };
    },
    async set(current, routing, signal) {
      let changed = false;
      await retry(
        async () => {
          const now = await route(signal);
          if (now && sameRouting(now.routing, routing)) return;
          await client.send(
            new ModifyRuleCommand({
              RuleArn: current.ruleArn,
              Actions: [actionOf(routing, current.targetGroupArns)],
            }),
          );
          changed = true;
          const after = await route(signal);
          if (!after || !sameRouting(after.routing, routing))
            throw new Error(
              `The listener rule ${current.ruleArn} does not read back as ${describeRouting(routing)}.`,
            );
        },
        // Each call in it is tried five times already; this is for an answer that does not read back yet.
        { attempts: 4, again: (error) => !(error instanceof Failure), signal },
      );
      return changed;
    },
  };
}

const noListener = (arn: string, cause: unknown): Failure =>
  new Failure(
    exitCodes.configInvalid,
    `deployment-safety:network.listenerArn names a listener that is not there: ${arn}\n` +
      "  Give the ARN of a listener of the load balancer, and check region and account (aws elbv2 describe-listeners).",
    { cause },
  );

const onlyTargetGroup = (rule: Rule | undefined): string | undefined => {
  const action = rule?.Actions?.[0];
  return action?.TargetGroupArn ?? action?.ForwardConfig?.TargetGroups?.[0]?.TargetGroupArn;
};

/** What a rule does, in percent; anything that is not a forward is a pause, for no slot gets its traffic. */
export function routingOf(rule: Rule, targetGroupArns: Record<Slot, string>): Routing {
  const action = rule.Actions?.[0];
  if (action?.Type !== "forward") return { traffic: "paused" };
  const groups = action.ForwardConfig?.TargetGroups ?? [
    { TargetGroupArn: action.TargetGroupArn, Weight: 100 },
  ];
  const sum = groups.reduce((total, group) => total + (group.Weight ?? 0), 0) || 1;
  const share = (slot: Slot) =>
    Math.round(
      (100 * (groups.find((group) => group.TargetGroupArn === targetGroupArns[slot])?.Weight ?? 0)) / sum,
    );
  return { traffic: "open", weights: { blue: share("blue"), green: share("green") } };
}

/** The rule's action for `routing`: exactly what the program declares, so that the next `up` finds no difference. */
export function actionOf(routing: Routing, targetGroupArns: Record<Slot, string>): Action {
  if (routing.traffic === "paused")
    return {
      Type: "fixed-response",
      FixedResponseConfig: { StatusCode: "503", ContentType: "application/json", MessageBody: pausedBody },
    };
  return {
    Type: "forward",
    ForwardConfig: {
      TargetGroups: slots.map((slot) => ({
        TargetGroupArn: targetGroupArns[slot],
        Weight: routing.weights[slot],
      })),
    },
  };
}
