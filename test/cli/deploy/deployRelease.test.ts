import { describe, expect, it } from "vitest";
import { run as deploy } from "../../../cli/commands/deploy/deploy";
import { liveDigest } from "../../../decisions/release/digest";
import { allTo } from "../../../decisions/traffic/routing";
import { digestOf } from "../../decisions/samples";
import { live, memoryStack } from "../memory/stack";

describe("make deploy", () => {
  it("takes a release through the canary to all traffic, and validates it", async () => {
    const stack = memoryStack({ options: { version: "1.2.0" } }, live());
    await deploy(stack.context());
    expect(stack.steps()).toEqual(["deploy load", "deploy canary", "deploy promote", "deploy validate"]);
    expect([liveDigest(stack.published()), stack.cloud.routing]).toEqual([digestOf(2), allTo("green")]);
    expect(stack.inFile()).toEqual(stack.published());
  });
});
