import { describe, expect, it } from "vitest";
import { createLoadBalancer, type Route } from "../../../cli/ports/loadBalancer";
import { allTo } from "../../../decisions/traffic/routing";
import { Fault, recordedAws } from "./recordedAws";

const aws = recordedAws();
const listenerArn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/school/1/2";
const balancer = () => createLoadBalancer({ region: "eu-central-1", listenerArn, rulePriority: 100 });

const forward = (...groups: [slot: string, weight: number][]) =>
  `<member><Type>forward</Type><ForwardConfig><TargetGroups>${groups
    .map(
      ([slot, weight]) =>
        `<member><TargetGroupArn>arn:${slot}</TargetGroupArn><Weight>${weight}</Weight></member>`,
    )
    .join("")}</TargetGroups></ForwardConfig></member>`;
const rule = (priority: number, action: string) =>
  `<member><RuleArn>arn:rule/${priority}</RuleArn><Priority>${priority}</Priority><Actions>${action}</Actions></member>`;

/** A listener whose weighted rule is on a second page; `obeys`: whether a change of it shows. */
function listener({ obeys = true } = {}) {
  const state = { green: 10 };
  aws.answer = ({ operation, input }) => {
    if (operation === "ModifyRule" && obeys)
      state.green = Number(input["Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight"]);
    if (operation !== "DescribeRules") return "";
    if (input.Marker === undefined)
      return `<Rules>${rule(98, forward(["blue", 1]))}${rule(99, forward(["green", 1]))}</Rules><NextMarker>2</NextMarker>`;
    return `<Rules>${rule(100, forward(["blue", 100 - state.green], ["green", state.green]))}</Rules>`;
  };
  return state;
}
const changes = () => aws.operations().filter((name) => name === "ModifyRule").length;
const routeOf = async (): Promise<Route> => (await balancer().route()) ?? expect.unreachable();

describe("the weighted rule", () => {
  it("is found with both target groups on whatever page it is", async () => {
    listener();
    expect(await balancer().route()).toEqual({
      ruleArn: "arn:rule/100",
      targetGroupArns: { blue: "arn:blue", green: "arn:green" },
      routing: { traffic: "open", weights: { blue: 90, green: 10 } },
    });
  });

  it("that is not there yet is no error: nothing was released here", async () => {
    aws.answer = () => `<Rules>${rule(98, forward(["blue", 1]))}</Rules>`;
    expect(await balancer().route()).toBeUndefined();
  });

  it("of a listener that is not there names the config key, the ARN and how to find the right one", async () => {
    aws.answer = () => new Fault("ListenerNotFound");
    await expect(balancer().route()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        new RegExp(
          `network\\.listenerArn names a listener that is not there: ${listenerArn}[^]*describe-listeners`,
        ),
      ) as string,
    });
  });

  it("is changed once and read back, and left alone where it is so already", async () => {
    const state = listener();
    const route = await routeOf();
    expect(await balancer().set(route, allTo("blue"))).toBe(true);
    expect([state.green, changes()]).toEqual([0, 1]);
    expect(await balancer().set(route, allTo("blue"))).toBe(false);
    expect(changes()).toBe(1);
  });

  it("that does not read back is tried four times, and is then an error that names rule and routing", async () => {
    listener({ obeys: false });
    const route = await routeOf();
    await expect(balancer().set(route, allTo("blue"))).rejects.toThrow(
      /rule arn:rule\/100 does not read back as .*blue/,
    );
    expect(changes()).toBe(4);
  });
});

it("a slot's targets count without those that are draining", async () => {
  const target = (state: string) => `<member><TargetHealth><State>${state}</State></TargetHealth></member>`;
  aws.answer = () =>
    `<TargetHealthDescriptions>${["healthy", "healthy", "unhealthy", "draining"].map(target).join("")}</TargetHealthDescriptions>`;
  const route = {
    ruleArn: "",
    targetGroupArns: { blue: "arn:blue", green: "arn:green" },
    routing: allTo("blue"),
  };
  expect(await balancer().targets(route, "green")).toEqual({ total: 3, healthy: 2 });
  expect(aws.calls[0]?.input.TargetGroupArn).toBe("arn:green");
});
