import { describe, expect, it } from "vitest";
import { rules } from "../../policies/rules";
import { types } from "../../policies/types";
import { unknown } from "../../policies/propertyValues";
import { unknowns, violations } from "./violations";
import { compliantStack } from "./compliantStack";
import { broken, brokenIds, changed } from "./judged";

describe("a stack in which nothing is wrong", () => {
  it("breaks no policy", async () => expect(await broken(rules, compliantStack)).toEqual([]));

  it("breaks none either while nothing is known of what is yet to be created", async () => {
    const found: string[] = [];
    for (const path of unknowns)
      for (const id of await brokenIds(rules, changed(compliantStack, path, unknown)))
        found.push(`${id}: ${path}`);
    expect(found).toEqual([]);
  });
});

describe("a queue of the stack itself", () => {
  it("wakes nobody, though it is subscribed to the topic", async () => {
    const queued = changed(
      changed(compliantStack, "subscription.protocol", "sqs"),
      "subscription.endpoint",
      "arn:aws:sqs:eu-central-1:123456789012:read-by-commands",
    );
    expect(await brokenIds(rules, queued)).toEqual([]);
    const ownQueue = queued.map((one) =>
      one.name === "subscription" ? { ...one, references: { endpoint: ["queue"] } } : one,
    );
    const queue = { type: types.queue, name: "queue", properties: {} };
    expect(await brokenIds(rules, [...ownQueue, queue])).toEqual(["backup-failures-reach-somebody"]);
  });
});

describe("one wrong property", () => {
  it.each(violations)("breaks %s: %s is %j", async (policy, path, value, also = []) => {
    const found = await broken(rules, changed(compliantStack, path, value));
    const ids = new Set(found.map(({ id }) => id));
    expect([...ids], JSON.stringify(found, null, 1)).toContain(policy);
    for (const other of also) expect([...ids]).toContain(other);
    for (const { text } of found) expect(text).toMatch(/found .+; required: .+\. .+\.$/s);
  });

  it("is there for every policy", () => {
    // These two read parameters and evidence: approval/evidence.test.ts.
    const violated = new Set([
      ...violations.map(([policy]) => policy),
      "refused-digest-without-traffic",
      "revision-proved-and-reviewed",
    ]);
    expect(rules.map(({ id }) => id).filter((id) => !violated.has(id))).toEqual([]);
  });
});
