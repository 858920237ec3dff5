import type { Action, RuleCondition } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { IncomingHttpHeaders } from "node:http";
import type { Listener, Target, TargetGroup } from "./snapshot";

/** The parts of a request that a condition can ask for; the path is without the query. */
export type Asked = { method: string; path: string; headers: IncomingHttpHeaders };

/** No targets: nobody may be asked, and the answer is the load balancer's own 503. */
export type Decision =
  | { kind: "fixed"; status: number; contentType: string; body: string }
  | { kind: "forward"; group: TargetGroup | undefined; targets: Target[] };

/** AWS's wildcards: `*` is any number of characters, `?` exactly one. */
function matchesAny(values: string[] | undefined, text: string, flags: "i" | ""): boolean {
  const escaped = (value: string) => value.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  const pattern = (value: string) => escaped(value).replaceAll("*", ".*").replaceAll("?", ".");
  return values?.some((value) => new RegExp(`^${pattern(value)}$`, flags).test(text)) ?? false;
}

function holds(condition: RuleCondition, { method, path, headers }: Asked): boolean {
  switch (condition.Field) {
    case "host-header": {
      const host = headers.host?.replace(/:\d+$/, "") ?? "";
      return matchesAny(condition.HostHeaderConfig?.Values ?? condition.Values, host, "i");
    }
    case "path-pattern":
      return matchesAny(condition.PathPatternConfig?.Values ?? condition.Values, path, "");
    case "http-header": {
      const { HttpHeaderName = "", Values } = condition.HttpHeaderConfig ?? {};
      return [headers[HttpHeaderName.toLowerCase()] ?? []]
        .flat()
        .some((text) => matchesAny(Values, text, "i"));
    }
    case "http-request-method":
      return condition.HttpRequestMethodConfig?.Values?.includes(method) ?? false;
    default:
      throw new Error(`A rule has the condition ${condition.Field}, which this load balancer does not know.`);
  }
}

/** The target group that a forward action picks by weight; `random` is from 0 to below 1. None if all weights are 0. */
export function weighted(action: Action, random: number): string | undefined {
  const groups = action.ForwardConfig?.TargetGroups ?? [{ TargetGroupArn: action.TargetGroupArn, Weight: 1 }];
  let left = random * groups.reduce((sum, { Weight = 1 }) => sum + Weight, 0);
  return groups.find(({ Weight = 1 }) => (left -= Weight) < 0)?.TargetGroupArn;
}

/** Who may be asked: the healthy ones, else (AWS fails open) all that are registered. Never a draining or unused one. */
export function eligible(targets: Target[]): Target[] {
  const inState = (...states: string[]) => targets.filter(({ state }) => states.includes(state));
  const healthy = inState("healthy");
  return healthy.length > 0 ? healthy : inState("initial", "unhealthy");
}

/** What a listener does with a request: the action of the first rule whose conditions all hold, else the default. */
export function decide(listener: Listener, groups: TargetGroup[], asked: Asked, random: number): Decision {
  const rule = listener.rules.find(({ conditions }) =>
    conditions.every((condition) => holds(condition, asked)),
  );
  const [action] = rule?.actions ?? listener.defaultActions;
  if (action?.Type === "fixed-response") {
    const { StatusCode, ContentType = "text/plain", MessageBody = "" } = action.FixedResponseConfig ?? {};
    return { kind: "fixed", status: Number(StatusCode), contentType: ContentType, body: MessageBody };
  }
  if (action?.Type !== "forward")
    throw new Error(`This load balancer does not know the action ${action?.Type}.`);
  const arn = weighted(action, random);
  const group = groups.find((candidate) => candidate.arn === arn);
  return { kind: "forward", group, targets: eligible(group?.targets ?? []) };
}
