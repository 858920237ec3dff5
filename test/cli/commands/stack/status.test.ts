import { expect, it } from "vitest";
import type { Release } from "../../../../decisions/stack/config";
import type { HistoryEntry } from "../../../../decisions/stack/history";
import { parameters as paths } from "../../../../decisions/stack/names";
import { run } from "../../../../cli/commands/stack/status";
import type { Context } from "../../../../cli/shell/context";
import { createOutput } from "../../../../cli/shell/output";
import { deployed, entry, historyOf, served } from "../../../decisions/samples";
import { fakeContext } from "../../fakes";

const live = served();

/** What `make status` says on stdout, with history, alarms and the load balancer as given. */
async function said(given: {
  history: () => Promise<HistoryEntry[]>;
  firing?: string[];
  route?: Context["loadBalancer"]["route"];
  isTTY?: boolean;
  release?: Release;
  /** Whether the stack keeps records. */
  records?: boolean;
  /** Also what goes to stderr. */
  isWhole?: boolean;
}): Promise<string> {
  let text = "";
  const stream = (isTTY: boolean) =>
    ({ isTTY, write: (part: string) => ((text += part), true) }) as unknown as NodeJS.WriteStream;
  const cloud = fakeContext({
    routing: { traffic: "open", weights: { blue: 100, green: 0 } },
    healthy: 3,
    answer: () => ({}),
    sets: [],
  });
  if (given.release) await cloud.parameters.put(paths.release("prod"), JSON.stringify(given.release));
  const away = () => Promise.reject(new Error("no answer"));
  const output = createOutput("status", "prod", false, {
    stdout: stream(given.isTTY ?? false),
    stderr: given.isWhole ? stream(false) : ({ write: () => true } as unknown as NodeJS.WriteStream),
  });
  const { comms: _, reporting: __, ...bare } = cloud.settings;
  await run({
    ...cloud,
    file: { region: "eu-central-1" },
    settings: { ...bare, ...(given.records && { reporting: { secretName: "records", key: "URL" } }) },
    root: "/nowhere",
    command: "status",
    output,
    loadBalancer: { ...cloud.loadBalancer, ...(given.route && { route: given.route }) },
    engine: { history: given.history },
    alarms: { states: async () => (given.firing ?? []).map((name) => ({ name, state: "ALARM" })) },
    metrics: { series: away, service: away },
  } as unknown as Context);
  if (given.isWhole) output.end();
  return text;
}

const bad = { ...entry(live, { startTime: "2026-11-24T20:00:00Z", version: 7 }), result: "failed" };
const history = async () => [bad, entry(live, { startTime: "2026-11-24T19:00:00Z", version: 6 })];

it("the status says what cannot be known as unknown, never as zero or none", async () => {
  const text = await said({
    history: () => Promise.reject(new Error("no backend")),
    route: () => Promise.reject(new Error("no answer")),
  });
  expect(text).toMatch(/^history +unknown: no backend$/m);
  expect(text).toMatch(/^traffic +unknown: no answer$/m);
  expect(text).toMatch(/^blue +live .*, unknown share of the traffic/m);
  expect(text).toMatch(/^figures +unknown: .*no answer/m);
  expect(text).toMatch(/^budget +unknown: /m);
});

it("the status says how much has yet to arrive, and that it could not ask where it could not", async () => {
  // Nobody answers at this address, and there are no credentials to ask with.
  process.env.AWS_ENDPOINT_URL = "http://127.0.0.1:9";
  try {
    expect(await said({ history, records: true })).toMatch(/^undelivered +unknown: /m);
  } finally {
    delete process.env.AWS_ENDPOINT_URL;
  }
  expect(await said({ history })).not.toContain("undelivered");
});

it("the status shows the newest updates in their order, and one that failed as that", async () => {
  const updates = (await said({ history })).split("\n").filter((line) => line.startsWith("update "));
  expect(updates.map((line) => /\(update \d\)$/.exec(line)?.[0])).toEqual(["(update 6)", "(update 7)"]);
  expect(updates[1]).toContain("FAILED: ");
  expect(updates[0]).not.toContain("FAILED");
});

it("the status ends with the way back from what came last: the canary while there is one, else what is live", async () => {
  const [validated, , canary, load] = deployed(live, 2) as [Release, Release, Release, Release];
  const proposes = async (release: Release) =>
    /next: (.*)/.exec(
      await said({ history: async () => historyOf(live, release), release, isWhole: true }),
    )?.[1];
  // 1.2.0 is validated and live, so the one before; 1.2.0 is a canary, so 1.1.0, which is live.
  expect(await proposes(validated)).toBe("make rollback VERSION=1.1.0");
  expect(await proposes(canary)).toBe("make rollback VERSION=1.1.0");
  // Nothing has traffic but what is live, and nothing was live before.
  expect(await proposes(load)).toBeUndefined();
});

it("the status is coloured where something is wrong, and only on a terminal", async () => {
  const escape = String.fromCharCode(27);
  const plain = await said({ history, firing: ["blue-errors"] });
  expect(plain).toMatch(/^alarms +blue-errors$/m);
  expect(plain).not.toContain(escape);
  const coloured = await said({ history, firing: ["blue-errors"], isTTY: true });
  const red = coloured.split("\n").filter((line) => line.startsWith(`${escape}[31m`));
  expect(red.map((line) => line.slice(5).split(" ")[0])).toEqual(["alarms", "update"]);
});
