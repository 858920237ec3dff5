import assert from "node:assert/strict";
import { bringLive, digestOf, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const refusedDigest: Scenario = {
  name: "refused-digest",
  proves:
    "what was rolled back gets no traffic again, by no command and no edit, until a person allows it by name",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-refused");
    const digest = digestOf(context, version);
    const load = context.load("prod", 100);
    await context.expect(0, "deploy", { VERSION: version, ...unseenByStaging }).finally(() => load.stop());
    const why = { REASON: "parents saw wrong grades", ACTOR: "Nadia" };
    await context.expect(0, "rollback", { VERSION: "1.2.0", ...why });
    const before = await context.everything("prod");
    const again = await context.expect(4, "deploy", { VERSION: version, ...unseenByStaging });
    assert.match(
      again.stderr,
      /refused.*parents saw wrong grades/s,
      "it must say that it is refused, and why",
    );
    assert.deepEqual(await context.everything("prod"), before, "nothing may have changed");
    // Taking it off the list needs a name and a reason, and a yes.
    await context.expect(2, "unblock", { DIGEST: digest, YES: "1" });
    await context.expect(2, "unblock", { DIGEST: digest, REASON: "fixed", ACTOR: "Nadia" });
    assert.ok(await context.refused("prod", digest), "it must still be refused");
    await context.expect(0, "unblock", { DIGEST: digest, REASON: "a wrong alarm", ACTOR: "Nadia", YES: "1" });
    assert.ok(!(await context.refused("prod", digest)));
    return { exitCode: again.exitCode };
  },
};
