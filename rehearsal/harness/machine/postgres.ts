import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plantedSecrets } from "../act/plantedSecrets";

/** A real PostgreSQL server for the rehearsal. */

/** The server refuses to run as root, so root lends it to this user. */
const account = "postgres";

/** Folder of initdb, pg_ctl and postgres: POSTGRES_BIN as set-up found it, else what pg_config says. */
const binaries = (): string =>
  process.env.POSTGRES_BIN ?? execFileSync("pg_config", ["--bindir"], { encoding: "utf8" }).trim();

const isRoot = (): boolean => process.getuid?.() === 0;

const run = (name: string, parameters: string[]): string => runTool(join(binaries(), name), parameters);

function runTool(program: string, parameters: string[]): string {
  const [command, list] = isRoot()
    ? ["runuser", ["-u", account, "--", program, ...parameters]]
    : [program, parameters];
  return execFileSync(command, list, {
    encoding: "utf8",
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
    maxBuffer: 1 << 30,
  });
}

/** Folders of the log archive, of base backups and of restored copies. */
const recoveryFolders = (data: string) => ({
  wal: join(data, "wal"),
  baseBackups: join(data, "base"),
  copies: join(data, "copies"),
});

/** Where the running server's backups are, as `database.recovery` of a stack file says it. */
export const recoveryOf = (home: string) => ({
  source: "archive",
  ...recoveryFolders(readFileSync(record(home), "utf8")),
});

/**
 * Where the cluster's data is: recorded in `<home>/postgres`, because root's server cannot reach into everybody's folders,
 * and because the path of a socket has at most 107 characters.
 */
const record = (home: string): string => join(home, "postgres");

/**
 * Makes a cluster with WAL archive and starts it on 127.0.0.1.
 * @returns a function that gives the URL of one of its databases
 */
export function startPostgres(home: string, port: number, databases: string[]): (database: string) => string {
  const data = mkdtempSync(join(tmpdir(), "ds-postgres-"));
  if (isRoot()) {
    const user = Number(execFileSync("id", ["-u", account], { encoding: "utf8" }));
    chownSync(data, user, -1);
  }
  writeFileSync(record(home), data);
  for (const part of Object.values(recoveryFolders(data))) runTool("mkdir", ["-m", "700", part]);
  const how = "-U school -A trust -E UTF8 --locale=C.UTF-8 --data-checksums -N".split(" ");
  run("initdb", ["-D", join(data, "db"), ...how]);
  appendFileSync(
    join(data, "db", "postgresql.conf"),
    [
      `listen_addresses = '127.0.0.1'`,
      `port = ${port}`,
      `unix_socket_directories = '${data}'`,
      "max_connections = 200",
      "fsync = off",
      "log_lock_waits = on",
      "wal_level = replica",
      "archive_mode = on",
      // A copy may be read while it is written, so it gets its name last; what is there is never written over.
      `archive_command = 'test ! -f ${data}/wal/%f && cp %p ${data}/wal/.%f && mv ${data}/wal/.%f ${data}/wal/%f'`,
      "archive_timeout = 60",
    ].join("\n") + "\n",
  );
  run("pg_ctl", ["-D", join(data, "db"), "-l", join(data, "log"), "-w", "-t", "30", "start"]);
  const connection = ["-h", "127.0.0.1", "-p", String(port), "-U", "school"];
  run("pg_basebackup", [...connection, "-D", join(data, "base", "first"), "-X", "none", "-c", "fast"]);
  for (const database of databases) run("createdb", [...connection, database]);
  // Nobody is asked for it: it is there to be found where it must not be.
  return (database) => `postgresql://school:${plantedSecrets.database}@127.0.0.1:${port}/${database}`;
}

/** The server's log. */
export const postgresLog = (home: string): string => join(readFileSync(record(home), "utf8"), "log");

/** Everything in a database, as text. */
export const dumpPostgres = (home: string, port: number, database: string): string =>
  run("pg_dump", ["-h", readFileSync(record(home), "utf8"), "-p", String(port), "-U", "school", database]);

/** Stops the server that `startPostgres` started and removes its data; does nothing where there is none. */
export function stopPostgres(home: string): void {
  if (!existsSync(record(home))) return;
  const data = readFileSync(record(home), "utf8");
  const { copies } = recoveryFolders(data);
  const restored = existsSync(copies) ? readdirSync(copies).map((copy) => join(copies, copy, "data")) : [];
  for (const server of [join(data, "db"), ...restored])
    if (existsSync(join(server, "postmaster.pid")))
      run("pg_ctl", ["-D", server, "-m", "immediate", "-w", "-t", "30", "stop"]);
  rmSync(data, { recursive: true, force: true });
  rmSync(record(home));
}

/** Stops and starts the running server, as an outage does: `mode` stop or start. */
export function interruptPostgres(home: string, mode: "stop" | "start"): void {
  const data = readFileSync(record(home), "utf8");
  const how = mode === "stop" ? ["-m", "immediate"] : ["-l", join(data, "log")];
  run("pg_ctl", ["-D", join(data, "db"), ...how, "-w", "-t", "30", mode]);
}
