import { CloudWatchClient, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Context } from "../context";
import { awsClient } from "../machine/environment";
import { inDatabase } from "../observe/jobs";
import { plantedSecrets } from "./plantedSecrets";

/** What the incident scenarios have in common: ringing alarms, a webhook, and the audit records. */

/** Sets the state of one of prod's alarms, as CloudWatch does by its metrics; the alarm notifies its topic. */
export async function setAlarm(context: Context, key: string, state: "ALARM" | "OK"): Promise<void> {
  await new CloudWatchClient(awsClient(context.ports)).send(
    new SetAlarmStateCommand({
      AlarmName: `school-prod-${key}`,
      StateValue: state,
      StateReason: "rehearsed",
    }),
  );
  context.note(`alarm ${key} is ${state}`);
}

/** The webhook: the messages that it received, and whether it is down at the moment. */
export interface Listener {
  texts: string[];
  isDown: boolean;
}

/** Receives the webhook messages of every command that runs meanwhile, through the variable that the stack's config names. */
export async function withListener<T>(action: (listener: Listener) => Promise<T>): Promise<T> {
  const listener: Listener = { texts: [], isDown: false };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      if (!listener.isDown) listener.texts.push((JSON.parse(body) as { text: string }).text);
      response.writeHead(listener.isDown ? 503 : 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const before = process.env["COMMS_WEBHOOK_URL"];
  const { port } = server.address() as AddressInfo;
  process.env["COMMS_WEBHOOK_URL"] = `http://127.0.0.1:${port}/services/${plantedSecrets.webhook}`;
  try {
    return await action(listener);
  } finally {
    if (before === undefined) delete process.env["COMMS_WEBHOOK_URL"];
    else process.env["COMMS_WEBHOOK_URL"] = before;
    server.close();
  }
}

/** Simulates the loss of the machine that ran a command with EPHEMERAL=1: nothing may be left only on its disk. */
export function runnerIsGone(context: Context): void {
  const spools = join(context.copy, ".deployment-safety", "spool");
  const files = readdirSync(spools, { recursive: true, encoding: "utf8" });
  assert.deepEqual(
    files.filter((name) => name.endsWith(".json")),
    [],
    "everything that waits must be in the outbox queue",
  );
  rmSync(spools, { recursive: true });
}

/** One entry of an incident as the database has it. */
export interface Entry {
  state: string;
  update: string | null;
  body: Record<string, unknown>;
}

/** The entries of one of prod's incidents, the oldest first. */
export const entriesOf = (context: Context, id: string): Promise<Entry[]> =>
  inDatabase(context, "prod", async (client) => {
    const { rows } = await client.query<Entry>(
      "SELECT state, update, body FROM reporting.incident_entry WHERE incident = $1 ORDER BY audit_number",
      [id],
    );
    return rows;
  });

/** The open incidents, by a command that reads the alarms first. */
export async function openIncidents(
  context: Context,
): Promise<{ id: string; version?: string; state: string }[]> {
  const { json } = await context.expect(0, "incident");
  return json["incidents"] as { id: string; version?: string; state: string }[];
}

/** Runs statements that only the owner of the tables may run, with all triggers and keys off. */
export const asOwner = (context: Context, ...statements: string[]): Promise<unknown> =>
  inDatabase(context, "prod", (client) =>
    client.query(["SET session_replication_role = replica", ...statements].join("; ")),
  );

const events = "reporting.audit_event";

/** Ways to tamper with the audit trail, and the finding that each must cause. */
export const tamperings: readonly (readonly [statements: string, says: RegExp])[] = [
  [`UPDATE ${events} SET actor = 'eve' WHERE number = 2`, /changed: event 2/],
  [`DELETE FROM ${events} WHERE number = 2`, /missing: event 2/],
  [`DELETE FROM ${events} WHERE number > (SELECT max(number) - 2 FROM ${events})`, /cut: the trail ends/],
  [
    `UPDATE ${events} SET number = -1 WHERE number = 2; UPDATE ${events} SET number = 2 WHERE number = 3;
     UPDATE ${events} SET number = 3 WHERE number = -1`,
    /reordered: event [23]/,
  ],
  [
    `UPDATE ${events} SET number = number + 100000 WHERE number > 2;
     UPDATE ${events} SET number = number - 99999 WHERE number > 100000;
     INSERT INTO ${events} SELECT 3, gen_random_uuid(), at, recorded_at, kind, stack, 'eve', body, hash, 'forged'
     FROM ${events} WHERE number = 2`,
    /inserted: event 3 was put in/,
  ],
];

/** Closes an incident, as people do once it is understood; without a root cause the command refuses. */
export async function closeIncident(context: Context, id: string): Promise<void> {
  const closing = { INCIDENT: id, STATE: "closed", REASON: "understood" };
  const refused = await context.expect(4, "incident", closing);
  assert.match(
    refused.stderr,
    /rootCause[\s\S]*action[\s\S]*owner[\s\S]*due/,
    "it must name all that is missing",
  );
  await context.expect(0, "incident", {
    ...closing,
    ROOT_CAUSE: "it was rehearsed on purpose",
    ACTION: "rehearse it again",
    OWNER: "rehearsal",
    DUE: "2027-01-31",
  });
}
