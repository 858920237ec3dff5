import { runtime } from "@pulumi/pulumi";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { stackSettings } from "../../program/stackConfig";
import { stackFile } from "../components/settings";

/** Sets the stack's config as the engine does: structures as JSON text. */
function configure(more: Record<string, unknown> = {}, secrets: string[] = []): void {
  const values = { ...stackFile("prod"), ...more };
  const text = Object.entries(values).map(([key, value]) => [
    `deployment-safety:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  runtime.setAllConfig({
    "aws:region": "eu-central-1",
    ...(Object.fromEntries(text) as Record<string, string>),
  });
  process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(secrets);
}

function refusal(): string {
  try {
    stackSettings();
  } catch (error) {
    const { message, stack } = error as Error;
    // With a real trace the runtime would inspect each source file that it names, for half a minute.
    expect(stack).toBe(message);
    return message;
  }
  throw new Error("the config was accepted");
}

beforeAll(() =>
  runtime.setMocks(
    { newResource: () => ({ id: "", state: {} }), call: () => ({}) },
    "deployment-safety",
    "prod",
  ),
);
afterEach(() => {
  delete process.env.PULUMI_CONFIG_SECRET_KEYS;
});

describe("the stack's config", () => {
  it("is read as one object, with defaults, and other namespaces are left alone", () => {
    configure();
    expect(stackSettings()).toMatchObject({
      release: { serial: 0, live: "blue", traffic: "paused" },
      sizing: { web: { replicas: 3 }, workers: { replicas: 2, canary: 1 } },
      promotedFrom: "staging",
    });
  });

  it("keeps a text that looks like a number a text", () => {
    configure({ promotedFrom: "12" });
    expect(stackSettings().promotedFrom).toBe("12");
  });

  it("is refused with all issues at once, each with its path", () => {
    const release = { ...(stackFile("prod").release as object), canaryWeight: 11 };
    configure({ release, backups: { retentionDays: 6 } });
    const message = refusal();
    expect(message).toMatch(/^Invalid config: Pulumi\.prod\.yaml has 3 issues/);
    expect(message).toContain("release.canaryWeight: must be 0 to 10");
    expect(message).toContain("backups.retentionDays: must be at least 7 days");
  });

  it("is refused where a key is misspelt, for an unset key is unsafe", () => {
    configure({ alarm: {} });
    expect(refusal()).toMatch(/has an issue.*\n {2}- .*alarm/);
  });

  it("is refused where a structure is no JSON, naming the key", () => {
    configure({ gate: "{holdSeconds: 1" });
    expect(refusal()).toContain("gate");
  });

  it("is refused where nobody would be notified of an alarm, but not before production", () => {
    configure({ alarms: { maxErrorPercent: 1 } });
    expect(refusal()).toMatch(/has an issue.*\n {2}- alarms\.subscribers: is empty/);
    configure({ alarms: { maxErrorPercent: 1 }, promotedFrom: undefined });
    expect(stackSettings().alarms.subscribers).toEqual([]);
  });

  it("is refused where a key holds a secret, because history would not show it", () => {
    configure({}, ["deployment-safety:flags", "aws:secretKey"]);
    expect(refusal()).toMatch(/has an issue.*\n {2}- flags: holds a secret/);
  });
});
