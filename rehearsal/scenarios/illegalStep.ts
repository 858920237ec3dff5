import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ForbiddenStep, forbiddenSteps } from "../harness/act/forbiddenSteps";
import { bringLiveAfter, deployToStaging } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const illegalStep: Scenario = {
  name: "illegal-step",
  proves: "every forbidden transition is refused by a plain `pulumi up`, which then has changed nothing",
  usual: false,
  run: async (context) => {
    await bringLiveAfter(context, "1.0.0", "1.1.0");
    await deployToStaging(context, "1.2.0");
    const file = context.stackFile("prod");
    const before = await context.everything("prod");
    const attempt = async (step: ForbiddenStep) => {
      writeFileSync(join(context.copy, "Pulumi.prod.yaml"), step.edit(file));
      const up = await context.plainUp("prod");
      writeFileSync(join(context.copy, "Pulumi.prod.yaml"), file);
      assert.notEqual(up.exitCode, 0, `${step.name}: must be refused`);
      assert.match(up.stdout + up.stderr, step.says, `${step.name}: the message must say why`);
      assert.deepEqual(await context.everything("prod"), before, `${step.name}: nothing may have changed`);
      context.note(`refused: ${step.name}`);
    };
    const steps = forbiddenSteps(context);
    for (const step of steps) await attempt(step);
    return { refused: steps.length };
  },
};
