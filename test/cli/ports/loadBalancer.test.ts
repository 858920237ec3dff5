import { describe, expect, it } from "vitest";
import { pausedBody } from "../../../decisions/stack/names";
import { actionOf, routingOf } from "../../../cli/ports/loadBalancer";
import { sameRouting, type Routing } from "../../../decisions/traffic/routing";

const arns = { blue: "arn:blue", green: "arn:green" };
const open = (blue: number, green: number): Routing => ({ traffic: "open", weights: { blue, green } });

describe("a listener rule's action", () => {
  it("read back is what was written, for weights and for a pause", () => {
    for (const routing of [open(100, 0), open(90, 10), open(0, 100), { traffic: "paused" } as Routing])
      expect(routingOf({ Actions: [actionOf(routing, arns)] }, arns)).toEqual(routing);
  });
  it("names both target groups whatever the weights, so that both stay in use", () =>
    expect(actionOf(open(100, 0), arns).ForwardConfig?.TargetGroups).toEqual([
      { TargetGroupArn: "arn:blue", Weight: 100 },
      { TargetGroupArn: "arn:green", Weight: 0 },
    ]));
  it("pauses with the fixed 503 by which a pause is told from a failure", () =>
    expect(actionOf({ traffic: "paused" }, arns).FixedResponseConfig).toEqual({
      StatusCode: "503",
      ContentType: "application/json",
      MessageBody: pausedBody,
    }));
  it("in other units is read in percent", () => {
    const TargetGroups = [
      { TargetGroupArn: "arn:blue", Weight: 9 },
      { TargetGroupArn: "arn:green", Weight: 1 },
    ];
    expect(routingOf({ Actions: [{ Type: "forward", ForwardConfig: { TargetGroups } }] }, arns)).toEqual(
      open(90, 10),
    );
  });
  it("that forwards to one group only is all of the traffic", () =>
    expect(routingOf({ Actions: [{ Type: "forward", TargetGroupArn: "arn:green" }] }, arns)).toEqual(
      open(0, 100),
    ));
});

describe("sameRouting", () => {
  it("tells weights and pause apart", () => {
    expect(sameRouting(open(90, 10), open(90, 10))).toBe(true);
    expect(sameRouting(open(90, 10), open(100, 0))).toBe(false);
    expect(sameRouting(open(90, 10), { traffic: "paused" })).toBe(false);
    expect(sameRouting({ traffic: "paused" }, { traffic: "paused" })).toBe(true);
  });
});
