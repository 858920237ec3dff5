import { describe, expect, it } from "vitest";
import { CanaryRelease } from "../../../components/release/canaryRelease";
import type { Release, Settings } from "../../../decisions/stack/config";
import { pausedBody } from "../../../decisions/stack/names";
import { digestOf, sample } from "../../decisions/samples";
import { type Declared, declare, named, promiseOf, stack } from "../declared";
import { settingsWith } from "../settings";

const both: Partial<Release> = {
  live: "blue",
  traffic: "open",
  slots: { blue: sample(1), green: sample(2) },
};

const declared = (settings: Settings): Promise<Map<string, Declared>> =>
  declare(() => new CanaryRelease("release", { stack, settings }));

const weightsOf = (resources: Map<string, Declared>) => {
  const [action] = named(resources, "release-traffic").inputs.actions as {
    forward?: { targetGroups: { arn: string; weight: number }[] };
  }[];
  return action?.forward?.targetGroups.map(({ arn, weight }) => `${arn.split("/")[1]}: ${weight}`);
};

describe("the weighted rule", () => {
  it("gives the canary its share and the live slot the rest, 100 in all", async () => {
    const resources = await declared(settingsWith({ ...both, canaryWeight: 10 }));
    expect(weightsOf(resources)).toEqual(["school-prod-blue: 90", "school-prod-green: 10"]);
  });

  it("gives the live slot everything where there is no canary, whichever slot it is", async () => {
    const resources = await declared(settingsWith({ ...both, live: "green", canaryWeight: 0 }));
    expect(weightsOf(resources)).toEqual(["school-prod-blue: 0", "school-prod-green: 100"]);
  });

  it("answers the fixed 503 while traffic is paused, and forwards to no slot", async () => {
    const resources = await declared(settingsWith({ ...both, traffic: "paused" }));
    expect(named(resources, "release-traffic").inputs.actions).toEqual([
      {
        type: "fixed-response",
        fixedResponse: { statusCode: "503", contentType: "application/json", messageBody: pausedBody },
      },
    ]);
  });

  it("matches the hosts only, at the priority of the config, and makes no client stick to a slot", async () => {
    const rule = named(await declared(settingsWith(both)), "release-traffic").inputs;
    expect(rule).toMatchObject({
      priority: 100,
      conditions: [{ hostHeader: { values: ["school.example.com"] } }],
    });
    expect((rule.actions as object[])[0]).not.toHaveProperty("forward.stickiness");
  });

  it("moves only after the Deployments and the bindings of both slots", async () => {
    const { dependsOn } = named(await declared(settingsWith(both)), "release-traffic");
    for (const slot of ["blue", "green"])
      expect(dependsOn).toEqual(
        expect.arrayContaining([`release-${slot}-web`, `release-${slot}-worker`, `release-${slot}-binding`]),
      );
  });
});

describe("a slot", () => {
  it("has a test rule that is asked before the weighted rule and matches host and slot header", async () => {
    const resources = await declared(settingsWith(both));
    const rules = ["blue", "green"].map((slot) => named(resources, `release-${slot}-test`).inputs);
    expect(rules.map(({ priority }) => priority)).toEqual([98, 99]);
    expect(rules[1]).toMatchObject({
      conditions: [
        { hostHeader: { values: ["school.example.com"] } },
        { httpHeader: { httpHeaderName: "X-Release-Slot", values: ["green"] } },
      ],
      actions: [{ type: "forward" }],
    });
    expect((rules[1]?.actions as { targetGroupArn: string }[])[0]?.targetGroupArn).toContain(
      "school-prod-green",
    );
  });

  it("starts its pods only once the test rule, the Service and the binding are there", async () => {
    const { dependsOn } = named(await declared(settingsWith(both)), "release-green-web");
    expect(dependsOn).toEqual(
      expect.arrayContaining(["release-green-test", "release-green-service", "release-green-binding"]),
    );
  });

  it("keeps target group, Service, binding and test rule while it is empty, and has no workload", async () => {
    const resources = await declared(settingsWith({ ...both, slots: { blue: sample(1) } }));
    const green = [...resources.keys()].filter((name) => name.startsWith("release-green")).sort();
    expect(green).toEqual(["binding", "service", "targets", "test"].map((part) => `release-green-${part}`));
  });

  it("binds its Service to its target group by IP address", async () => {
    const resources = await declared(settingsWith(both));
    const binding = named(resources, "release-blue-binding");
    expect(binding.type).toBe("kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding");
    expect(binding.inputs).toMatchObject({
      metadata: { name: "web-blue", namespace: "school-prod" },
      spec: { serviceRef: { name: "web-blue", port: 8080 }, targetType: "ip" },
    });
    expect((binding.inputs.spec as { targetGroupARN: string }).targetGroupARN).toContain("school-prod-blue");
  });

  it("does not wait for a pod behind its Service, which an empty slot has not", async () => {
    const { inputs } = named(await declared(settingsWith(both)), "release-blue-service");
    expect(inputs).toMatchObject({ metadata: { annotations: { "pulumi.com/skipAwait": "true" } } });
  });

  it("is drained for as long as the config says and checked at /ready", async () => {
    const { inputs } = named(await declared(settingsWith(both)), "release-blue-targets");
    expect(inputs).toMatchObject({
      name: "school-prod-blue",
      targetType: "ip",
      deregistrationDelay: 10,
      healthCheck: { path: "/ready", matcher: "200", interval: 5 },
    });
  });
});

describe("the outputs", () => {
  it("are the rule's ARN and each slot's target group", async () => {
    let release: CanaryRelease | undefined;
    await declare(() => {
      release = new CanaryRelease("release", { stack, settings: settingsWith(both) });
    });
    if (!release) throw new Error("nothing was declared");
    expect(await promiseOf(release.listenerRuleArn)).toContain("release-traffic");
    expect(await promiseOf(release.targetGroupArns.green)).toContain("school-prod-green");
  });

  it("name the image of a slot by its digest in the environment", async () => {
    const resources = await declared(settingsWith(both));
    const [web] = containers(named(resources, "release-green-web"));
    expect(web?.env).toContainEqual({ name: "RELEASE_DIGEST", value: digestOf(2) });
  });
});

const containers = ({ inputs }: Declared) =>
  (inputs as { spec: { template: { spec: { containers: { env: unknown[] }[] } } } }).spec.template.spec
    .containers;
