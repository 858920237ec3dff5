import { describe, expect, it } from "vitest";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { goodInstead } from "../../../decisions/rollback/rollbackIntent";
import { after, deployed, digestOf, sample, served } from "../samples";

describe("goodInstead", () => {
  const [, promoted, canary] = deployed(served(), 2);
  it("is the release before while a rejected canary still has traffic, or a rejected release all of it", () => {
    expect(goodInstead(canary!, digestOf(2))).toBe(sample(1).version);
    expect(goodInstead(promoted!, digestOf(2))).toBe(sample(1).version);
  });
  it("is the release before until that is validated again", () => {
    const back = releaseAfter.rollback(canary!, canary!.live);
    expect(goodInstead(back, digestOf(2))).toBe(sample(1).version);
    expect(goodInstead(releaseAfter.validate(back), digestOf(2))).toBeUndefined();
  });
  it("is nothing where the refused release is in no slot: then there is no way back to finish", () => {
    expect(goodInstead(after(served(), 2), digestOf(3))).toBeUndefined();
    expect(goodInstead(served(), digestOf(3))).toBeUndefined();
  });
});
