import { describe, expect, it } from "vitest";
import { OutboxQueue } from "../../../components/audit/outboxQueue";
import type { Settings } from "../../../decisions/stack/config";
import { declare, named, stack } from "../declared";
import { settingsWith } from "../settings";

const reporting = { secretName: "records", key: "URL" };
const made = async (more: Partial<Pick<Settings, "comms" | "reporting">>) => {
  const settings = { ...settingsWith({ serial: 0 }), comms: undefined, reporting: undefined, ...more };
  return declare(() => new OutboxQueue("handed-over", { stack, settings }));
};

describe("the queue of what a machine could not deliver", () => {
  it("keeps the order, holds it for two weeks, and lets nobody in but who has the right", async () => {
    const resources = await made({ reporting });
    const { type, inputs, parent } = named(resources, "handed-over-queue");
    expect([type, parent]).toEqual(["aws:sqs/queue:Queue", "handed-over"]);
    expect(inputs).toEqual({
      name: "school-prod-handed-over.fifo",
      fifoQueue: true,
      messageRetentionSeconds: 1_209_600,
      visibilityTimeoutSeconds: 180,
      sqsManagedSseEnabled: true,
    });
  });

  it("is there where records or messages are, and nowhere else", async () => {
    const queues = async (more: Parameters<typeof made>[0]) =>
      [...(await made(more)).values()].filter(({ type }) => type === "aws:sqs/queue:Queue").length;
    expect(await queues({ comms: { contact: { en: "the office", ar: "المكتب" } } } as never)).toBe(1);
    expect(await queues({})).toBe(0);
  });
});
