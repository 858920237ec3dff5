import { describe, expect, it } from "vitest";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { applyStep } from "../../../cli/release/applyStep";
import { judgeStep } from "../../../cli/release/legality";
import type { Operation } from "../../../cli/stack/operation";
import { served } from "../../decisions/samples";
import { fakeContext } from "../fakes";

const started = served();
/** What somebody else's `pulumi up` published after the operation had begun. */
const published = releaseAfter.pause(started);

function context() {
  const ctx = fakeContext({ routing: { traffic: "paused" }, healthy: 3, answer: () => ({}), sets: [] });
  ctx.parameters.values.set("/deployment-safety/prod/release", JSON.stringify(published));
  ctx.options.dryRun = true;
  return ctx;
}

describe("whether a step is legal", () => {
  it("is judged against the published release, as the program judges it", async () => {
    expect(await judgeStep(context(), releaseAfter.pause(started))).toMatchObject({ ok: false });
    expect(await judgeStep(context(), releaseAfter.open(published))).toMatchObject({
      ok: true,
      step: "open",
    });
  });
  it("is asked so before a step of its own too: what the operation started from is of no account", async () => {
    const operation = { ctx: context(), current: started } as unknown as Operation;
    const change = { step: "pause", release: releaseAfter.pause(started) } as const;
    await expect(applyStep(operation, change)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(/The step pause to serial \d+ is refused:[^]*release\.serial/) as string,
    });
  });
});
