import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How the server of a copy is set up. */

/** A copy must reach nobody, archive nothing and need little memory beside the live server. */
export const copySettings = (folder: string, wal: string): [string, string][] => [
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
export function writeSettings(folder: string, data: string, settings: [string, string][]): void {
  const lines = settings.map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const auto = join(data, "postgresql.auto.conf");
  const kept = existsSync(auto) ? readFileSync(auto, "utf8") : "";
  // Where a distribution keeps it elsewhere, the backup has no postgresql.conf; an empty one stands for the defaults.
  const main = join(data, "postgresql.conf");
  if (!existsSync(main)) writeFileSync(main, "");
  writeFileSync(auto, `${kept}\n# copy\n${lines.join("\n")}\n`);
  writeFileSync(join(folder, "pg_hba.conf"), "local all all trust\n");
}
