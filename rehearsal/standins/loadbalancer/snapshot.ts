import type { Action, RuleCondition } from "@aws-sdk/client-elastic-load-balancing-v2";

/** A target's state, as `DescribeTargetHealth` names it. */
export type State = "unused" | "initial" | "healthy" | "unhealthy" | "draining";
export type Target = { id: string; port: number; state: State };

/** How targets are checked. `matcher`: codes and ranges, such as `200`, `200,204` or `200-299`. */
export type HealthCheck = Thresholds & { path: string; matcher: string };
type Thresholds = Record<
  "intervalSeconds" | "timeoutSeconds" | "healthyThreshold" | "unhealthyThreshold",
  number
>;

export type TargetGroup = { arn: string; name: string; healthCheck: HealthCheck; targets: Target[] };

/** A listener with its rules in the order of their priority; conditions and actions as the AWS API has them. */
export type Listener = { arn: string; port: number; defaultActions: Action[]; rules: Rule[] };
type Rule = { conditions: RuleCondition[]; actions: Action[] };

/** What the cloud's `GET /moto-api/load-balancers` answers: all that the load balancer obeys. */
export type Snapshot = { listeners: Listener[]; targetGroups: TargetGroup[] };
