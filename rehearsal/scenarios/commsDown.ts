import assert from "node:assert/strict";
import { withListener } from "../harness/act/incidents";
import type { Scenario } from "../harness/scenario";

export const commsDown: Scenario = {
  name: "comms-down",
  proves:
    "a channel that is down costs no command and loses no message: they are said later, once and in order",
  usual: false,
  run: (context) =>
    withListener(async (listener) => {
      await context.expect(0, "incident");
      listener.texts.length = 0;
      listener.isDown = true;
      for (const TICKET of ["comms-1", "comms-2"]) {
        const opened = await context.expect(0, "incident", { TICKET, TITLE: `report ${TICKET} is empty` });
        assert.match(
          opened.stderr,
          /message\(s\) wait for the webhook/,
          "it must say that people were not reached",
        );
      }
      assert.deepEqual(listener.texts, [], "nobody heard anything");
      listener.isDown = false;
      await context.expect(0, "incident");
      await context.expect(0, "incident");
      const said = listener.texts.map((text) => /report (comms-\d)/.exec(text)?.[1]);
      assert.deepEqual(
        said,
        ["comms-1", "comms-1", "comms-2", "comms-2"],
        "on call and stakeholders, once each",
      );
      return { messages: said.length };
    }),
};
