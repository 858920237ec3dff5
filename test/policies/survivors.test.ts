import { describe, expect, it } from "vitest";
import { explained } from "../../bench/policies/survivors";

const survivors = ["a:key:Key key policy removed", 'a:key:Key key policy set to "*"'];

describe("mutants that no policy sees", () => {
  it("are grouped by the first reason that is about them", () =>
    expect(
      explained(survivors, [
        { survivors: 'Key key policy set to "\\*"$', reason: "AWS refuses it." },
        { survivors: "Key key policy", reason: "The default is the same." },
      ]),
    ).toEqual([
      { reason: "AWS refuses it.", count: 1, mutants: [survivors[1]] },
      { reason: "The default is the same.", count: 1, mutants: [survivors[0]] },
    ]));

  it("are refused without a reason, all of them at once", () =>
    expect(() => explained(survivors, [])).toThrow(
      /policy removed\n.*no reason says why: a:key:Key key policy set to/,
    ));

  it("leave no reason behind that none of them needs", () =>
    expect(() =>
      explained(survivors, [
        { survivors: "Key", reason: "The default is the same." },
        { survivors: "Vault", reason: "It was seen since." },
      ]),
    ).toThrow("no survivor needs this reason any more: Vault"));
});
