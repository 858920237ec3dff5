import { describe, expect, it } from "vitest";
import { run } from "../../../../cli/commands/rollback/unblock";
import { hex } from "../../../../decisions/release/digest";
import { parameters as paths } from "../../../../decisions/stack/names";
import { digestOf } from "../../../decisions/samples";
import { runCommand } from "../../memory/command";
import { live, memoryStack } from "../../memory/stack";

const refused = paths.refused("prod", hex(digestOf(2)));
const allowed = paths.evidence("prod", "allowed", hex(digestOf(2)));
const stackWithRefusal = () => {
  const stack = memoryStack({}, live());
  const refusal = { digest: digestOf(2), reason: "more errors", actor: "bo", at: "2026-11-20T10:00:00.000Z" };
  stack.parameters.set(refused, JSON.stringify(refusal));
  return stack;
};
const typed = { digest: digestOf(2), reason: "the cause was the network", actor: "ada" };

describe("make unblock", () => {
  it("removes the refusal, and keeps who did it and why, with the refusal itself", async () => {
    const stack = stackWithRefusal();
    const ended = await runCommand(stack, "unblock", run, typed);
    expect(ended).toMatchObject({ exitCode: 0, next: "make deploy VERSION=<tag>" });
    expect(stack.parameters.has(refused)).toBe(false);
    expect(JSON.parse(stack.parameters.get(allowed) ?? "")).toMatchObject({
      digest: digestOf(2),
      actor: "ada",
      reason: "the cause was the network",
      refusal: { actor: "bo", reason: "more errors" },
    });
  });

  it("takes the digest without its prefix too", async () => {
    const stack = stackWithRefusal();
    expect((await runCommand(stack, "unblock", run, { ...typed, digest: hex(digestOf(2)) })).exitCode).toBe(
      0,
    );
    expect(stack.parameters.has(refused)).toBe(false);
  });

  it("names everything that is missing, what is refused, and the whole command", async () => {
    const stack = stackWithRefusal();
    const ended = await runCommand(stack, "unblock", run, {});
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(
      `Missing: DIGEST=<sha256:…>, REASON=<why>. Refused digests: ${digestOf(2)}.`,
    );
    expect(ended.next).toMatch(
      new RegExp(`^make unblock DIGEST=${digestOf(2)} REASON=.*<why>.* ACTOR=.*<who>`),
    );
    expect(stack.parameters.has(refused)).toBe(true);
  });

  it("says which digests are refused where the given one is not", async () => {
    const stack = stackWithRefusal();
    const ended = await runCommand(stack, "unblock", run, { ...typed, digest: digestOf(3) });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(
      `Digest \`${digestOf(3)}\` is not refused. Refused digests: ${digestOf(2)}.`,
    );
  });

  it("asks, and goes no further where there is no terminal to ask on", async () => {
    const stack = stackWithRefusal();
    const ended = await runCommand(stack, "unblock", run, { ...typed, yes: false });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("There is no terminal to ask on: set YES=1 (or --yes) to go on.");
    expect(stack.parameters.has(refused)).toBe(true);
  });

  it("changes nothing with DRY_RUN", async () => {
    const stack = stackWithRefusal();
    const ended = await runCommand(stack, "unblock", run, { ...typed, dryRun: true });
    expect(ended.stdout).toBe(`Would remove ${digestOf(2)} from the list of refused digests.\n`);
    expect([stack.parameters.has(refused), stack.parameters.has(allowed)]).toEqual([true, false]);
  });
});
