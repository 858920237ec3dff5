import { expect } from "vitest";
import { hex, liveDigest } from "../../../decisions/release/digest";
import type { Release } from "../../../decisions/stack/config";
import { parameters as paths } from "../../../decisions/stack/names";
import { allTo } from "../../../decisions/traffic/routing";
import { digestOf } from "../../decisions/samples";
import { live, memoryStack, type MemoryStack } from "./stack";

/** A gate that needs a minute, and a bake of one: as strict as any, but a test has little to go through. */
export const quickGate = {
  gate: { holdSeconds: 60, deadlineSeconds: 120, minRequests: 300, falseRollback: 0.01, bakeMinutes: 1 },
};

/** A stack on which 1.2.0 is deployed over 1.1.0, or over the last of `releases`. */
export const deploying = (config: Record<string, unknown> = {}, ...releases: Release[]): MemoryStack =>
  memoryStack(
    { options: { version: "1.2.0" }, config: { ...quickGate, ...config } },
    ...((releases.length > 0 ? releases : [live()]) as [Release, ...Release[]]),
  );

/** Lets release 1.2.0 fail one request in five from the update on that leaves it as the canary, live, or validated. */
export function goesBadAs(stack: MemoryStack, state: "canary" | "live" | "validated"): void {
  const { engine, cloud } = stack;
  const watch =
    <Args extends unknown[]>(update: (...args: Args) => void) =>
    (...args: Args): void => {
      update(...args);
      const { running } = cloud;
      const isLive = running && liveDigest(running) === digestOf(2);
      const isReached = {
        canary: running?.canaryWeight,
        live: isLive,
        validated: running?.validated === digestOf(2),
      };
      if (isReached[state]) cloud.errorShare.set(digestOf(2), 0.2);
    };
  engine.apply = watch(engine.apply);
  engine.applyHalf = watch(engine.applyHalf);
}

/** The refusal of release `1.<n>.0`. */
export function refusal(stack: MemoryStack, n = 2): { reason: string; actor: string } | undefined {
  const text = stack.parameters.get(paths.refused("prod", hex(digestOf(n))));
  return text === undefined ? undefined : (JSON.parse(text) as { reason: string; actor: string });
}

/** Parameters that a command has only while it is under way. */
const passing = [paths.killSwitch("prod"), paths.lease("prod"), paths.gate("prod")];

/** Where a stack has ended, but for the serial: releases, traffic, refusals, and what is left of a command. */
export function whereItIs(stack: MemoryStack) {
  const { serial: _, ...release } = stack.published();
  return {
    release,
    routing: stack.cloud.routing,
    runs: stack.cloud.running?.slots,
    refused: [...stack.parameters.keys()].filter((path) => path.includes("/refused/")),
    validated: [...stack.parameters.keys()].filter((path) => path.includes("/validated/")).toSorted(),
    passing: passing.filter((path) => stack.parameters.has(path)),
    isFileApplied: JSON.stringify(stack.inFile()) === JSON.stringify(stack.published()),
  };
}

/** Expects that release `1.<n>.0` has all the traffic and is validated, and that nothing is left of a command. */
export function expectServed(stack: MemoryStack, n: number, slot: "blue" | "green"): void {
  const published = stack.published();
  const { canaryWeight, validated } = published;
  expect([liveDigest(published), validated, canaryWeight]).toEqual([digestOf(n), digestOf(n), 0]);
  const { routing, ...rest } = whereItIs(stack);
  expect(routing).toEqual(allTo(slot));
  expect([rest.passing, rest.isFileApplied]).toEqual([[], true]);
}
