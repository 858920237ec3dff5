import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { cloudEnvironment, type Ports } from "../machine/environment";
import { planted } from "../act/plantedSecrets";
import { dumpPostgres, postgresLog } from "../machine/postgres";

/** Secrets that the rehearsal lies in wait with, and the search through everything that it leaves. */

/** Where secrets are kept, so that they are there: the shell's and the pods' variables, the cluster's store. */
const keepers = /^(env|pod-environment\.json|kubernetes\/etcd\/.*)$/;

/** What is not of this run, or holds nothing but what the build made of the project. */
const others = ["awsguard", "engine-test", "test", "images", "node_modules", ".venv", ".git"];

/** Searches what the rehearsal printed, recorded, sent and drew for planted secrets. Says where each was found. */
export class SecretSearch {
  /** Command lines that held one, of any process that was seen. */
  private readonly started = new Set<string>();
  private readonly watch = setInterval(() => this.lookAtProcesses(), 500);
  private places = 0;
  private bytes = 0;

  constructor(
    private readonly home: string,
    private readonly ports: Ports,
  ) {}

  private lookAtProcesses(): void {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
        for (const found of markersIn(words))
          this.started.add(`${found} is in a command line: ${words.slice(0, 120)}`);
      } catch {
        // Ended in between.
      }
  }

  /** Ends the watch over processes. */
  stop(): void {
    clearInterval(this.watch);
  }

  /** Searches, at the end. `said`: what people were told through the webhook. */
  async end(said: readonly string[]): Promise<{ faults: string[]; summary: string }> {
    this.stop();
    const faults = [...this.started];
    const kept = new Set<string>();
    const look = (place: string, text: string | Buffer): void => {
      this.places += 1;
      this.bytes += text.length;
      for (const found of markersIn(text))
        if (keepers.test(place)) kept.add(found);
        else faults.push(`${found} is in ${place}`);
    };
    for (const file of filesBelow(this.home)) look(relative(this.home, file), readFileSync(file));
    look("the database's log", readFileSync(postgresLog(this.home)));
    for (const stack of ["staging", "prod"])
      look(`the database of ${stack}`, dumpPostgres(this.home, this.ports.postgres, `school_${stack}`));
    const cloud = await fetch(`${cloudEnvironment(this.ports).AWS_ENDPOINT_URL ?? ""}/moto-api/data.json`);
    look("what AWS was told (parameters, messages, queues)", await cloud.text());
    look("the webhook", said.join("\n"));
    for (const name of ["awsSecretKey", "awsSessionToken", "passphrase", "database"] as const)
      if (!kept.has(name)) faults.push(`${name} was planted nowhere, so nothing is proved of it`);
    const summary = `${Object.keys(planted).length} planted secrets are in none of ${this.places} places (${Math.round(this.bytes / 1e6)} MB)`;
    return { faults, summary };
  }
}

const markersIn = (text: string | Buffer): string[] =>
  Object.entries(planted).flatMap(([name, marker]) => (text.includes(marker) ? [name] : []));

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (others.includes(entry.name) || entry.isSymbolicLink()) return [];
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() && statSync(path).size > 0 ? [path] : [];
  });
