import type { Client, ClientConfig } from "pg";
import { DateTime } from "luxon";
import {
  expectedMarkers,
  type Expectation,
  type Finding,
  judgeDrill,
  rowsIn,
  type DrillRecord,
} from "../../decisions/recovery/drill";
import { lagSeconds, outsideRestorable } from "../../decisions/recovery/window";
import { holdStill, loggedTables, readMarkers, readState, writeMarker } from "./databaseState";
import { messageOf } from "../shell/failure";
import { connect, disconnect } from "../ports/database";
import { copyId, type RecoverySource } from "../ports/recovery/source";
import type { Output, OutputStep } from "../shell/output";
import { redactText } from "../shell/redact";

/** What a drill needs. */
export interface DrillArgs {
  source: RecoverySource;
  /** The project's root, below which the query for the catalog is. */
  root: string;
  /** Address of the live database. */
  live: ClientConfig;
  /** Prefix of the stack's copies. */
  prefix: string;
  /** Tables to compare; none: every logged one. */
  tables: readonly string[];
  /** ISO time in the past to restore to. Default: a moment of this drill, at which the tables are compared too. */
  at?: string | undefined;
  actor: string;
  output: Pick<Output, "say" | "step">;
  signal?: AbortSignal;
}

/** What a drill knows once its target is fixed. */
interface Aim {
  target: string;
  tables: string[];
  expected: () => Promise<Expectation>;
}

/**
 * Runs one drill from marker to clean-up. Whatever goes wrong is a finding; only an interruption is thrown. The copy is
 * removed in any case.
 */
export async function runDrill(args: DrillArgs): Promise<DrillRecord> {
  const { source, signal } = args;
  const record: DrillRecord = {
    ok: false,
    at: "",
    target: args.at ?? "",
    source: source.name,
    actor: args.actor,
    findings: [],
  };
  const id = copyId(args.prefix, "drill", new Date());
  const open: Client[] = [];
  try {
    const range = await source.restorable(signal);
    if (range) record.recoveryPointSeconds = rounded(lagSeconds(range.newest, DateTime.utc()));
    if (args.at !== undefined) refuseOutside(outsideRestorable(args.at, range));
    const live = await opened(args, open, args.live, "the live database");
    const aim = args.at === undefined ? await aimNow(args, live, open, id) : await aimAt(args.at, live);
    record.target = aim.target;
    const expectation = aim.expected();
    // Awaited below; a failure meanwhile must not end the process as unhandled.
    expectation.catch(() => undefined);
    await step(args, `wait until ${aim.target} can be restored`, () =>
      source.reach(aim.target, live, signal),
    );
    refuseOutside(outsideRestorable(aim.target, await source.restorable(signal)));
    const expected = await step(args, "read what must come back", () => expectation);
    const began = performance.now();
    await step(args, `restore to ${aim.target}`, () =>
      source.restore({ id, purpose: "drill", target: aim.target }, signal),
    );
    const copy = await opened(args, open, await source.connection(id, args.live), "the copy");
    await copy.query("SELECT 1");
    record.recoverySeconds = rounded((performance.now() - began) / 1000);
    const restored = await step(args, "compare the copy", async () =>
      readState(copy, args.root, expected.state ? await withOwn(copy, args.tables, aim.tables) : []),
    );
    record.rowsChecked = rowsIn(restored.tables);
    record.findings = [
      { check: "recovery", ok: true, detail: `the copy answered after ${record.recoverySeconds} s` },
      ...judgeDrill(expected, restored),
    ];
  } catch (error) {
    signal?.throwIfAborted();
    record.findings.push({ check: "recovery", ok: false, detail: messageOf(error) });
  } finally {
    await Promise.all(open.map(disconnect));
    await step(args, "remove the copy", () => source.remove(id)).catch((error: unknown) => {
      const detail = `the copy ${id} could not be removed: ${messageOf(error)}; the next drill tries again`;
      record.findings.push({ check: "recovery", ok: false, detail });
    });
  }
  record.at = new Date().toISOString();
  record.findings = record.findings.map(shortened);
  record.ok = record.findings.length > 1 && record.findings.every((finding) => finding.ok);
  return record;
}

/** The drill's own target: an instant between two markers at which the tables' contents are known. */
async function aimNow(args: DrillArgs, live: Client, open: Client[], id: string): Promise<Aim> {
  const { root, tables, signal, source } = args;
  const own = { before: `${id}-before`, after: `${id}-after` };
  await writeMarker(live, own.before);
  const reader = await opened(args, open, args.live, "the live database");
  const still = await holdStill(live, reader, tables, source.precision, signal);
  await writeMarker(live, own.after);
  return {
    target: still.instant,
    tables: still.tables,
    expected: async () => {
      const state = await readState(reader, root, still.tables);
      await reader.query("COMMIT");
      return { state, markers: expectedMarkers(await readMarkers(live), still.instant, own) };
    },
  };
}

/** A target in the past: only the markers of earlier drills show whether it was hit. */
const aimAt = async (target: string, live: Client): Promise<Aim> => ({
  target,
  tables: [],
  expected: async () => ({ markers: expectedMarkers(await readMarkers(live), target) }),
});

/** The tables that were locked, and any other that the copy has: one too many is a wrong restore. */
const withOwn = async (copy: Client, chosen: readonly string[], locked: string[]): Promise<string[]> =>
  chosen.length > 0 ? locked : [...new Set([...locked, ...(await loggedTables(copy))])];

const rounded = (seconds: number): number => Math.round(seconds * 100) / 100;

/** A parameter holds 4096 characters. */
const shortened = (finding: Finding): Finding => ({
  ...finding,
  detail: redactText(finding.detail).slice(0, 400),
});

function refuseOutside(reason: string | undefined): void {
  if (reason !== undefined) throw new Error(reason);
}

/** A query of a drill may take as long as the restore: tables are counted whole. */
async function opened(
  { source }: DrillArgs,
  open: Client[],
  config: ClientConfig,
  what: string,
): Promise<Client> {
  const client = await connect({ ...config, query_timeout: source.limitMinutes * 60_000 }, what);
  open.push(client);
  return client;
}

/** Seconds between two lines of progress. */
const progressSeconds = 15;

/** Runs a step that reports now and then how long it has run, and how long it may. */
function step<T>(
  { output, source }: DrillArgs,
  name: string,
  action: (entry: OutputStep) => Promise<T>,
): Promise<T> {
  return output.step("recovery", name, async (entry) => {
    const began = Date.now();
    const progress = setInterval(
      () =>
        output.say(
          `${name}: ${Math.round((Date.now() - began) / 1000)} s of at most ${source.limitMinutes * 60} s`,
        ),
      progressSeconds * 1000,
    );
    try {
      return await action(entry);
    } finally {
      clearInterval(progress);
    }
  });
}
