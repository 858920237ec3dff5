import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  outboxQueueName,
  readOutboxMessage,
  writeOutboxMessage,
} from "../../../decisions/audit/outboxMessage";

const record = {
  at: "2026-11-25T14:00:00.000Z",
  kind: "incident",
  stack: "prod",
  actor: "ada",
  body: { command: "incident" },
};
const message = {
  channel: "webhook",
  message: { audience: "on-call", subject: "Incident", text: "grades are missing" },
  proof: { path: "/deployment-safety/prod/evidence/notice/r1", value: { change: "r1" } },
};
const item = {
  spool: "records",
  id: "11111111-1111-4111-8111-111111111111",
  order: "001764000000000-00000042-00000007",
  content: record,
};

describe("what a machine that is gone hands over", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.nat(),
        fc.string({ unit: "binary" }),
        fc.constantFrom("records", "comms-topic", "comms-webhook"),
        (id, count, text, spool) => {
          const order = `${item.order.slice(0, -8)}${String(count % 1e8).padStart(8, "0")}`;
          const content =
            spool === "records"
              ? { ...record, body: { text } }
              : { ...message, message: { ...message.message, text } };
          const written = writeOutboxMessage({ spool, id, order, content });
          expect(readOutboxMessage("prod", written)).toEqual({
            spool,
            id,
            order,
            content,
            isUnderstood: true,
          });
          // Amazon SQS API reference, SendMessage: #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD, and above.
          expect(written).not.toMatch(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u);
        },
      ),
    );
  });

  it("is read only where this stack can deliver it", () => {
    const read = (more: Record<string, unknown>) =>
      readOutboxMessage("prod", JSON.stringify({ ...item, ...more }));
    expect(read({})).toEqual({ ...item, isUnderstood: true });
    expect(read({ spool: "comms-webhook", content: message })).toMatchObject({
      content: message,
      isUnderstood: true,
    });
    for (const one of [{ spool: "other" }, { spool: "comms-../x" }, { id: "x/../y" }, { order: "../../x" }])
      expect(read(one), JSON.stringify(one)).toBeUndefined();
    for (const body of ["", "text", "null"]) expect(readOutboxMessage("prod", body)).toBeUndefined();
    const later: Record<string, unknown>[] = [
      { content: "text" },
      { content: { ...record, stack: "staging" } },
      { content: { ...record, body: undefined } },
      { content: { ...record, at: "yesterday" } },
      { spool: "comms-webhook", content: record },
      { spool: "comms-webhook", content: { ...message, message: { text: "no audience" } } },
      {
        spool: "comms-webhook",
        content: { ...message, proof: { ...message.proof, path: "/deployment-safety/staging/release" } },
      },
    ];
    for (const one of later) expect(read(one)?.isUnderstood, JSON.stringify(one)).toBe(false);
  });

  it("waits in a queue of the stack's own that keeps its order", () =>
    expect(outboxQueueName("school", "prod")).toBe("school-prod-handed-over.fifo"));
});
