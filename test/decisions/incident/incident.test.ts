import { describe, expect, it } from "vitest";
import { causeKind, causes } from "../../../decisions/incident/incident";

describe("the kind of an incident's cause", () => {
  it.each([
    [causes.alarms, "alarms"],
    [causes.migration, "migration"],
    [causes.release("sha256:ab"), "release"],
    [causes.ticket("release-alarms"), "ticket"],
    ["release-alarms-of-another", undefined],
  ])("of `%s` is %s, also when it comes back", (cause, kind) => {
    expect(causeKind(cause)).toBe(kind);
    expect(causeKind(`${cause} again after INC-1`)).toBe(kind);
  });
});
