import { expect, it } from "vitest";
import { shareFigures, verdictOf } from "../../../rehearsal/harness/observe/canaryFigures";
import type { CommandResult } from "../../../rehearsal/harness/act/commands";
import type { Load } from "../../../rehearsal/harness/observe/load";

const startedAt = "2026-11-24T20:00:00.000Z";
const said = (json: Record<string, unknown>) =>
  verdictOf({ json: { startedAt, ...json } } as unknown as CommandResult);
const held = {
  name: "canary held and watched",
  from: 20,
  verdict: "promote",
  verdictAt: "2026-11-24T20:00:35.000Z",
};

it("a verdict is the canary's, also where the bake has one after it", () => {
  const bake = { name: "bake", from: 50, verdict: "promote", verdictAt: "2026-11-24T20:01:05.000Z" };
  expect(said({ steps: [held, bake] })).toEqual({ verdict: "promote", at: Date.parse(held.verdictAt) });
});

it("a release that is condemned in the middle of an update is so when the brake begins", () => {
  const steps = [
    { name: "canary: pulumi up", from: 10 },
    { name: "brake: all traffic to slot green", from: 14.5 },
  ];
  expect(said({ verdict: "rollback", steps })).toEqual({
    verdict: "rollback",
    at: Date.parse(startedAt) + 14_500,
  });
});

it("a command that says nothing of a verdict is an error", () => {
  expect(() => said({ steps: [{ name: "checklist", from: 1 }] })).toThrow(/what the verdict was/);
});

it("the share is taken from when all of the load balancer knew of the canary", () => {
  const at = (second: number, digest: string) => ({ at: second * 1000, digest, outcome: "ok" as const });
  const live = [0.5, 1.5, 3, 4, 5, 9].map((second) => at(second, "live"));
  const load = { observations: [at(1, "canary"), ...live, at(4.5, "canary")] } as Load;
  expect(shareFigures(load, "canary", 8000)).toEqual({ share: 25, requests: 4 });
});
