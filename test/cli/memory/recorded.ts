import { live, memoryStack, type MemoryStack } from "./stack";

/** Whom messages name. */
export const comms = {
  school: { en: "Nile School", ar: "مدرسة النيل" },
  contact: { en: "the office", ar: "المكتب" },
};

/** A stack with release 1.1.0 live that keeps records and notifies people by a topic, and by a webhook where HOOK is set. */
export function recordedStack(config: Record<string, unknown> = {}): MemoryStack {
  const stack = memoryStack(
    {
      config: {
        reporting: { secretName: "records", key: "url" },
        comms: { ...comms, webhook: "HOOK" },
        ...config,
      },
    },
    live(),
  );
  stack.cloud.secrets.set("records/url", "postgresql://records.example.com/school");
  return stack;
}
