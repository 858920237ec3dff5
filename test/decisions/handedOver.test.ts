import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHandedOver, writeHandedOver } from "../../decisions/handedOver";

const item = {
  spool: "records",
  id: "11111111-1111-4111-8111-111111111111",
  order: "001764000000000-00000042-00000007",
  content: { kind: "command" },
};

describe("what a machine that is gone hands over", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("records", "comms-topic", "comms-webhook"),
        fc.uuid(),
        fc.nat(),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (spool, id, count, given) => {
          const order = `${item.order.slice(0, -8)}${String(count % 1e8).padStart(8, "0")}`;
          // As it lies in the spool: JSON has no -0.
          const content = JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
          const handed = { spool, id, order, content };
          expect(readHandedOver(writeHandedOver(handed))).toEqual(handed);
        },
      ),
    );
  });

  it("names no folder but a spool's, and no file but one of its own", () => {
    const wrong = [
      { spool: "../records" },
      { spool: "comms-../x" },
      { order: "../../x" },
      { id: "x/../y" },
      { content: "text" },
    ];
    for (const one of wrong) {
      expect(readHandedOver(JSON.stringify({ handedOver: { ...item, ...one } }))).toBeUndefined();
      expect(() => writeHandedOver({ ...item, ...one })).toThrow();
    }
  });

  it("is nothing that an alarm or anybody else sent", () => {
    for (const body of ["", "text", "null", '{"MessageId":"x","Message":"{}"}'])
      expect(readHandedOver(body)).toBeUndefined();
  });
});
