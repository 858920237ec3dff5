import { describe, expect, it } from "vitest";
import { mitigatedAt } from "../../../cli/incident/rollbackIncident";
import type { OutputStep, StepKind } from "../../../cli/shell/output";

const at = (seconds: number) => new Date(seconds * 1000);
const mitigated = (...steps: OutputStep[]) => mitigatedAt({ steps, startedAt: 0 });
const step = (kind: StepKind, to: number, ok: boolean, name = "in whatever words"): OutputStep => ({
  kind,
  name,
  from: to - 1,
  to,
  ok,
});

describe("when users were safe again", () => {
  it("is when requests after the brake showed it, whatever the step is called", () =>
    expect(mitigated(step("brake", 2, true), step("verify-brake", 5, true))).toEqual(at(5)));
  it("is when the brake was on, where requests did not show it or were not sent", () => {
    expect(mitigated(step("brake", 2, true), step("verify-brake", 5, false))).toEqual(at(2));
    expect(mitigated(step("brake", 2, true), step("verify-traffic", 9, true))).toEqual(at(2));
  });
  it("is not known where no brake held, whatever another step is called", () =>
    expect(mitigated(step("brake", 2, false), step("update", 9, true, "brake: x"))).toBeUndefined());
});
