import { ComponentResource, type ComponentResourceOptions, type Output, type Resource } from "@pulumi/pulumi";
import * as lb from "@pulumi/aws/lb";
import type { Settings } from "../../decisions/stack/config";
import { type Slot, pausedBody, slots } from "../../decisions/stack/names";
import { forwardWeights } from "../../decisions/release/trafficWeights";
import { type ReleaseSlot, releaseSlot } from "./slot";

export interface CanaryReleaseArgs {
  stack: string;
  settings: Settings;
  /** What must be done before a pod starts: the migration. Default: nothing. */
  after?: Resource[];
}

/**
 * Two slots, and the one listener rule that divides the traffic between them.
 *
 * An update changes the rule last: a slot gets weight only after its pods are available, that is, healthy targets. What one
 * update cannot order (shrinking a slot after its weight is gone) takes two updates; the program rejects a file that asks for
 * both at once.
 *
 * The rule has no stickiness: a sticky client would stay with a canary after its rollback.
 */
export class CanaryRelease extends ComponentResource {
  /** ARN of the weighted rule, which the brake moves. */
  readonly listenerRuleArn: Output<string>;
  /** ARN of each slot's target group. */
  readonly targetGroupArns: Record<Slot, Output<string>>;

  constructor(name: string, args: CanaryReleaseArgs, options?: ComponentResourceOptions) {
    super("deployment-safety:components:CanaryRelease", name, {}, options);
    const { stack, settings, after = [] } = args;
    const copies = slots.map((slot, index) => {
      const testRulePriority = settings.network.rulePriority - slots.length + index;
      const place = { name: `${name}-${slot}`, parent: this, stack, slot, settings };
      return releaseSlot({ ...place, testRulePriority, after });
    });
    const [blue, green] = copies as [ReleaseSlot, ReleaseSlot];

    this.targetGroupArns = { blue: blue.targetGroupArn, green: green.targetGroupArn };
    const ready = [...blue.ready, ...green.ready];
    this.listenerRuleArn = weightedRule(name, settings, this.targetGroupArns, ready, this).arn;
    this.registerOutputs({ listenerRuleArn: this.listenerRuleArn, targetGroupArns: this.targetGroupArns });
  }
}

function weightedRule(
  name: string,
  { network, release }: Settings,
  arns: Record<Slot, Output<string>>,
  dependsOn: Resource[],
  parent: Resource,
): lb.ListenerRule {
  const weight = forwardWeights(release);
  const paused = {
    type: "fixed-response",
    fixedResponse: { statusCode: "503", contentType: "application/json", messageBody: pausedBody },
  };
  const shared = {
    type: "forward",
    forward: { targetGroups: slots.map((slot) => ({ arn: arns[slot], weight: weight[slot] })) },
  };
  return new lb.ListenerRule(
    `${name}-traffic`,
    {
      listenerArn: network.listenerArn,
      priority: network.rulePriority,
      conditions: [{ hostHeader: { values: network.hosts } }],
      actions: [release.traffic === "paused" ? paused : shared],
    },
    { parent, dependsOn },
  );
}
