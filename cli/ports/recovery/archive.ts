import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClientConfig } from "pg";
import type { RecoveryConfig } from "../../../decisions/recovery/recoveryConfig";
import type { Restorable } from "../../../decisions/recovery/window";
import { firstGap, isSegment } from "../../../decisions/recovery/segments";
import { messageOf } from "../../shell/failure";
import { wait } from "../../shell/wait";
import { asServer, fatalMessage, postgres, removeFolder, waitForPromotion } from "./server";
import { assertCopy, type Copy, type Order, purposeOf, type Queryable, type RecoverySource } from "./source";

type ArchiveConfig = Extract<RecoveryConfig, { source: "archive" }>;

/** How long a finished segment may take to reach the archive, seconds. */
const archiveSeconds = 120;

/**
 * An instant that is so long ago, minutes, is taken to be archived. When a segment was archived says nothing about what is
 * in it: an archiver that lags behind archives old ones.
 */
const settledMinutes = 60;

/** Longest folder of a socket: the operating system takes 107 characters, and `/.s.PGSQL.5432` is 14. */
const socketFolder = 93;

/** A complete base backup. */
interface BaseBackup {
  folder: string;
  /** When it was completed. The manifest is written last, so its time is the backup's. */
  at: Date;
}

/**
 * Recovery of a PostgreSQL server of one's own, on a machine that reads its base backups and its log archive. A copy is a
 * server of its own below `copies`, reached by a socket that only its user and root may open.
 */
export const createArchive = (config: ArchiveConfig, prefix: string): RecoverySource =>
  new Archive(config, prefix);

class Archive implements RecoverySource {
  readonly name = "archive";
  readonly precision = 0;
  readonly limitMinutes: number;
  private readonly seconds: number;

  constructor(
    private readonly config: ArchiveConfig,
    private readonly prefix: string,
  ) {
    this.limitMinutes = config.limitMinutes;
    this.seconds = config.limitMinutes * 60;
  }

  async restorable(): Promise<Restorable | undefined> {
    const oldest = this.backups()[0]?.at;
    const newest = this.segments().map((name) => modified(join(this.config.wal, name)));
    if (!oldest || newest.length === 0) return undefined;
    return { oldest: oldest.toISOString(), newest: new Date(Math.max(...newest)).toISOString() };
  }

  async reach(instant: string, live: Queryable | undefined, signal?: AbortSignal): Promise<void> {
    if (!live || Date.now() - Date.parse(instant) > settledMinutes * 60_000) return;
    await archiveNow(live, this.config.wal, signal);
  }

  async restore({ id, purpose, target }: Order, signal?: AbortSignal): Promise<void> {
    const base = this.backups().findLast(({ at }) => at.getTime() <= Date.parse(target));
    if (!base) throw new Error(`there is no base backup from before ${target} in ${this.config.baseBackups}`);
    const { folder, data, log, note } = this.place(id);
    if (folder.length > socketFolder)
      throw new Error(
        `${folder} is too long for PostgreSQL's socket: choose a shorter \`database.recovery.copies\``,
      );
    await asServer(["mkdir", "-m", "700", "--", folder], { seconds: 30, signal });
    writeFileSync(note, JSON.stringify({ purpose, target, ready: false }));
    // -n: the log is in the archive, not in the backup.
    await postgres("pg_verifybackup", ["-n", "-q", base.folder], { seconds: this.seconds, signal });
    await asServer(["cp", "-a", "--", base.folder, data], { seconds: this.seconds, signal });
    writeSettings(folder, data, [
      ...copySettings(folder, this.config.wal),
      // A numeric zone: the server reads this before it knows any abbreviation, Z among them.
      ["recovery_target_time", target.replace("T", " ").replace(/Z$/, "+00")],
      ["recovery_target_inclusive", "on"],
      ["recovery_target_action", "promote"],
    ]);
    await asServer(["touch", join(data, "recovery.signal")], { seconds: 30, signal });
    try {
      await postgres("pg_ctl", ["-D", data, "-l", log, "-w", "-t", String(this.seconds), "start"], {
        seconds: this.seconds + 10,
        signal,
      });
      await waitForPromotion(data, this.seconds, signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw new Error(`${fatalMessage(log) ?? messageOf(error)}${gapHint(base.folder, this.segments())}`, {
        cause: error,
      });
    }
  }

  async connection(id: string, live: ClientConfig): Promise<ClientConfig> {
    const { user, database } = live;
    return { host: this.place(id).folder, port: 5432, user, database };
  }

  async instructions(id: string): Promise<string[]> {
    const { folder, data } = this.place(id);
    return [
      `Look into it: psql -h ${folder} -p 5432 (as root or the server's user).`,
      "To switch over:",
      "1. make pause, so that nothing is written any more; compare once more.",
      `2. Stop both servers: pg_ctl -D ${data} stop, and the live one. Keep the live one's folder.`,
      `3. Take the lines below \`# copy\` out of ${join(data, "postgresql.auto.conf")} and put this folder in the live one's place.`,
      "4. Start it, make smoke, make open; then take a base backup, for it is on a timeline of its own.",
    ];
  }

  async markReady(id: string): Promise<void> {
    const { note } = this.place(id);
    writeFileSync(note, JSON.stringify({ ...readNote(note), ready: true }));
  }

  async copies(): Promise<Copy[]> {
    return readFolder(this.config.copies).flatMap((id): Copy[] => {
      const purpose = purposeOf(id, this.prefix);
      if (!purpose) return [];
      const { target, ready } = readNote(this.place(id).note);
      return [{ id, purpose, target, ready }];
    });
  }

  async remove(id: string): Promise<void> {
    assertCopy(id, this.prefix);
    const { folder, data } = this.place(id);
    if (existsSync(folder)) await removeFolder(folder, data);
  }

  async newestPoint(): Promise<string | null> {
    return this.backups().at(-1)?.at.toISOString() ?? null;
  }

  async takePoint(live: ClientConfig, signal?: AbortSignal): Promise<string> {
    const name = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").toLowerCase();
    const { baseBackups } = this.config;
    for (const left of readFolder(baseBackups).filter((one) => one.startsWith(`.${this.prefix}-`)))
      await removeFolder(join(baseBackups, left), join(baseBackups, left));
    const unfinished = join(baseBackups, `.${this.prefix}-${name}`);
    await postgres("pg_basebackup", ["-D", unfinished, "-X", "none", "-c", "fast"], {
      seconds: this.seconds,
      signal,
      environment: clientEnvironment(live),
    });
    await asServer(["mv", "--", unfinished, join(baseBackups, name)], { seconds: 30 });
    return (await this.newestPoint()) ?? new Date().toISOString();
  }

  private place(id: string) {
    const folder = join(this.config.copies, id);
    return { folder, data: join(folder, "data"), log: join(folder, "log"), note: join(folder, "copy.json") };
  }

  private segments(): string[] {
    return readFolder(this.config.wal).filter(isSegment);
  }

  private backups(): BaseBackup[] {
    const { baseBackups } = this.config;
    return readFolder(baseBackups)
      .filter((name) => !name.startsWith(".") && existsSync(join(baseBackups, name, "backup_manifest")))
      .map((name) => join(baseBackups, name))
      .map((folder) => ({ folder, at: statSync(join(folder, "backup_manifest")).mtime }))
      .sort((a, b) => a.at.getTime() - b.at.getTime());
  }
}

/** Names in a folder; none where it does not exist yet. */
function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** A file's time; 0 for one that was removed meanwhile, as an archive is tidied. */
function modified(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

function readNote(file: string): Pick<Copy, "target" | "ready"> {
  try {
    const { target, ready } = JSON.parse(readFileSync(file, "utf8")) as Partial<Copy>;
    return { target: target ?? "", ready: ready === true };
  } catch {
    return { target: "", ready: false }; // The command was killed before it was whole.
  }
}

/** Ends the current segment and waits until it is in the archive. */
async function archiveNow(live: Queryable, wal: string, signal?: AbortSignal): Promise<void> {
  const { rows } = await live.query("SELECT pg_walfile_name(pg_switch_wal()) AS name");
  const name = String(rows[0]?.name);
  for (let waited = 0; !existsSync(join(wal, name)); waited += 50) {
    if (waited > archiveSeconds * 1000) {
      const archiver = await live.query(
        "SELECT failed_count, last_failed_wal, last_archived_wal FROM pg_stat_archiver",
      );
      throw new Error(
        `segment ${name} did not reach ${wal} within ${archiveSeconds} s; pg_stat_archiver says ${JSON.stringify(archiver.rows[0])}`,
      );
    }
    await wait(50, signal);
  }
}

/** A copy must reach nobody, archive nothing and need little memory beside the live server. */
const copySettings = (folder: string, wal: string): [string, string][] => [
  ["listen_addresses", ""],
  ["port", "5432"],
  ["unix_socket_directories", folder],
  ["hba_file", join(folder, "pg_hba.conf")],
  ["ssl", "off"],
  ["archive_mode", "off"],
  ["hot_standby", "off"],
  ["primary_conninfo", ""],
  ["synchronous_standby_names", ""],
  ["external_pid_file", ""],
  ["logging_collector", "off"],
  ["log_destination", "stderr"],
  ["huge_pages", "try"],
  ["shared_buffers", "256MB"],
  ["max_connections", "20"],
  ["restore_command", `cp "${wal}/%f" "%p"`],
];

/** Writes the settings last of all, over what ALTER SYSTEM may have left, and access for whoever may open the socket. */
function writeSettings(folder: string, data: string, settings: [string, string][]): void {
  const lines = settings.map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const auto = join(data, "postgresql.auto.conf");
  const kept = existsSync(auto) ? readFileSync(auto, "utf8") : "";
  // Where a distribution keeps it elsewhere, the backup has no postgresql.conf; an empty one stands for the defaults.
  const main = join(data, "postgresql.conf");
  if (!existsSync(main)) writeFileSync(main, "");
  writeFileSync(auto, `${kept}\n# copy\n${lines.join("\n")}\n`);
  writeFileSync(join(folder, "pg_hba.conf"), "local all all trust\n");
}

/** The first segment that is missing after a backup, where one is. */
function gapHint(backup: string, names: string[]): string {
  try {
    const [, first = ""] =
      /\(file ([0-9A-F]{24})\)/.exec(readFileSync(join(backup, "backup_label"), "utf8")) ?? [];
    const gap = firstGap(names, first);
    return gap ? `; segment ${gap} is missing from the archive` : "";
  } catch {
    return "";
  }
}

/** libpq's environment: a password has no place on a command line. */
const clientEnvironment = ({ host, port, user, password, database }: ClientConfig): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      PGHOST: host,
      PGPORT: port,
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: database,
    }).flatMap(([name, value]) =>
      value === undefined || typeof value === "function" ? [] : [[name, String(value)]],
    ),
  );
