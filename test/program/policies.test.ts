import { runtime } from "@pulumi/pulumi";
import { require as load } from "tsx/cjs/api";
import { describe, expect, it } from "vitest";
import { judge, policyConfig } from "../../bench/policies/recorded";
import { releaseAfter } from "../../decisions/release/nextRelease";
import { rules } from "../../policies/rules";
import { type Declared, declare } from "../components/declared";
import { stackFile } from "../components/settings";
import { sample, served } from "../decisions/samples";
import { previewOfProd } from "./previewOfProd";

/** Under mocks a property that was made from an id alone has no value; as in a preview, it is then not known. */
const withIds = (declared: Declared[]): Declared[] =>
  declared.map((one) => {
    const open = Object.keys(one.references).filter((key) => one.inputs[key] === undefined);
    const unknowns = Object.fromEntries(open.map((key) => [key, "04da6b54-80e4-46f7-96ec-b56ff0331ba9"]));
    return { ...one, inputs: { ...one.inputs, ...unknowns }, outputs: { ...one.outputs, ...unknowns } };
  });

/** The program as it is, with a canary, before its own policies. */
describe("prod with a canary", () => {
  it("breaks no policy, at mandatory, with its own policy config", async () => {
    const release = releaseAfter.canary(releaseAfter.load(served(), sample(2, sample(1).revision)));
    const config = Object.fromEntries(
      Object.entries({ ...stackFile("prod"), release }).map(([key, value]) => [
        `deployment-safety:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    );
    runtime.setAllConfig(config);
    const program = load("../../index.ts", __filename) as () => Promise<unknown>;
    const declared = await declare(() => program(), {
      "aws:lb/getListener:getListener": ({ arn }) => ({
        arn,
        loadBalancerArn:
          "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/school-prod/50dc6c495c0c9188",
      }),
      "aws:ssm/getParametersByPath:getParametersByPath": ({ path, recursive }) =>
        recursive
          ? { names: [`${String(path)}release`], values: [JSON.stringify(release)] }
          : { names: [], values: [] },
      "pulumi:pulumi:readStackOutputs": () => ({ outputs: {} }),
    });
    expect(declared.size).toBeGreaterThan(40);
    // What cannot be undone is asked of the parameters, which there are none of here.
    const others = rules.filter(({ id }) => id !== "irreversible-change-approved");
    const found = await judge(others, withIds([...declared.values()]), policyConfig("prod"), {
      ...previewOfProd,
      config: { "deployment-safety:database": config["deployment-safety:database"] ?? "" },
    });
    expect(Object.fromEntries(found)).toEqual({});
  });
});
