import assert from "node:assert/strict";
import {
  isOffBeforeDowngrade,
  peopleWith,
  publishedOver,
  reasonsOff,
} from "../harness/observe/publishedFlags";
import { bringLive, deployToStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

const [STACK, risky, NAME, revision] = ["staging", "gradebook-v2", "guardians", "9c1b0d2f"] as const;
const needing = { risk: "low", percentage: 50, owner: "school", expires: "2099-01-01", revision };
const notValidated = "the live release is not validated";

export const flagGating: Scenario = {
  name: "flag-gating",
  proves: "a risky flag is off until validation, a raise only adds people, a flag is off below its revision",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    const restore = context.set(STACK, "flags", { [NAME]: needing });
    const added = await context.plainUp(STACK);
    assert.equal(added.exitCode, 0, added.stdout + added.stderr);
    await deployToStaging(context, variant(context, "1.2.0-flags")); // new: no rollback to old flags
    const deployed = await reasonsOff(context, STACK, risky);
    assert.deepEqual(deployed.slice(-2), [notValidated, undefined], "off, and on once it is validated");
    await context.expect(0, "flag", { STACK, NAME, PERCENTAGE: "75" });
    const published = (await publishedOver(context, STACK, NAME)).slice(-2);
    const [few = new Set(), many = new Set()] = published.map((one) => peopleWith(NAME, one));
    assert.ok(few.size > 0 && few.size < many.size && [...few].every((n) => many.has(n)), "only more people");
    await context.expect(0, "flag", { STACK, NAME, HOLD: "on", REASON: "rehearsed" });
    const refused = await context.expect(4, "flag", { STACK, NAME, PERCENTAGE: "90" });
    assert.match(refused.stderr, /held: rehearsed[\s\S]*HOLD=off/, "it must say how the flag is released");
    await context.expect(0, "flag", { STACK, NAME, HOLD: "off", REASON: "over", ACTOR: "rehearsal" });
    const down = await context.expect(0, "rollback", { STACK, VERSION: "1.0.0", DATABASE: "downgrade" });
    const back = (await reasonsOff(context, STACK, risky)).slice(deployed.length);
    assert.ok(back.includes(notValidated) && back.at(-1) === undefined, "off again, until it is validated");
    const below = (await publishedOver(context, STACK, NAME)).at(-1);
    assert.match(below?.off ?? "on", /does not have revision 9c1b0d2f/, "off below its revision");
    assert.ok(isOffBeforeDowngrade(down, NAME), "off before it goes");
    restore();
    assert.equal((await context.plainUp(STACK)).exitCode, 0);
    return { peopleBefore: few.size, peopleAfter: many.size };
  },
};
