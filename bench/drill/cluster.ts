import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientConfig } from "pg";
import type { RecoveryConfig } from "../../decisions/recovery/recoveryConfig";
import { asServer, postgres, removeFolder } from "../../cli/ports/recovery/server";

/** A PostgreSQL server with an archive of its log, for measuring and testing recovery. */
export interface Cluster {
  folder: string;
  live: ClientConfig;
  recovery: Extract<RecoveryConfig, { source: "archive" }>;
  /** Ends it and whatever was restored beside it, and removes all of it. */
  end(): Promise<void>;
}

/** Starts a new one on 127.0.0.1 with a database `school`; nothing of it is synced to disk. */
export async function startCluster(name: string): Promise<Cluster> {
  // Below the system's folder for temporary files: root's server cannot reach into everybody's folders.
  const folder = mkdtempSync(join(tmpdir(), `ds-${name}-`));
  if (process.getuid?.() === 0) execFileSync("chown", ["postgres", folder]);
  const at = (part: string) => join(folder, part);
  const data = at("db");
  const port = await freePort();
  await asServer(["mkdir", "-m", "700", at("wal"), at("base"), at("copies")], { seconds: 10 });
  await postgres(
    "initdb",
    ["-D", data, "-U", "school", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
    {
      seconds: 60,
    },
  );
  appendFileSync(
    join(data, "postgresql.conf"),
    [
      "listen_addresses = '127.0.0.1'",
      `port = ${port}`,
      `unix_socket_directories = '${folder}'`,
      "fsync = off",
      "max_wal_size = '4GB'",
      "wal_level = replica",
      "archive_mode = on",
      `archive_command = 'test ! -f ${at("wal")}/%f && cp %p ${at("wal")}/.%f && mv ${at("wal")}/.%f ${at("wal")}/%f'`,
      "archive_timeout = 60",
    ].join("\n") + "\n",
  );
  await postgres("pg_ctl", ["-D", data, "-l", at("log"), "-w", "-t", "30", "start"], { seconds: 40 });
  await postgres("createdb", ["-h", "127.0.0.1", "-p", String(port), "-U", "school", "school"], {
    seconds: 30,
  });
  return {
    folder,
    live: { host: "127.0.0.1", port, user: "school", database: "school" },
    recovery: {
      source: "archive",
      wal: at("wal"),
      baseBackups: at("base"),
      copies: at("copies"),
      tables: [],
      limitMinutes: 5,
    },
    end: () => removeFolder(folder, data),
  };
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
