import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { cloudEnvironment, type Ports } from "../machine/environment";
import { plantedSecrets } from "../act/plantedSecrets";
import { dumpPostgres, postgresLog } from "../machine/postgres";

/** The search for the planted secrets through everything that the rehearsal leaves. */

/** Where secrets belong: the variables of the shell and of pods, and the cluster's store. */
const keepers = /^(env|pod-environment\.json|kubernetes\/etcd\/.*)$/;

/** Folders that are not of this run, or that hold only what the build made of the project. */
const others = ["awsguard", "engine-test", "test", "images", "node_modules", ".venv", ".git"];

/** Searches what the rehearsal printed, recorded, sent and drew for planted secrets, and reports where it found each. */
export class SecretSearch {
  /** Command lines of any process that held one. */
  private readonly started = new Set<string>();
  private readonly watch = setInterval(() => this.sampleProcesses(), 500);
  private places = 0;
  private bytes = 0;

  constructor(
    private readonly home: string,
    private readonly ports: Ports,
  ) {}

  private sampleProcesses(): void {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
        for (const found of markersIn(words))
          this.started.add(`${found} is in a command line: ${words.slice(0, 120)}`);
      } catch {
        // The process has ended meanwhile.
      }
  }

  /** Ends the watch over processes. */
  stop(): void {
    clearInterval(this.watch);
  }

  /** The final search. @param messages what people were sent through the webhook */
  async end(messages: readonly string[]): Promise<{ issues: string[]; summary: string }> {
    this.stop();
    const issues = [...this.started];
    const kept = new Set<string>();
    const search = (place: string, text: string | Buffer): void => {
      this.places += 1;
      this.bytes += text.length;
      for (const found of markersIn(text))
        if (keepers.test(place)) kept.add(found);
        else issues.push(`${found} is in ${place}`);
    };
    for (const file of filesBelow(this.home)) search(relative(this.home, file), readFileSync(file));
    search("the database's log", readFileSync(postgresLog(this.home)));
    for (const stack of ["staging", "prod"])
      search(`the database of ${stack}`, dumpPostgres(this.home, this.ports.postgres, `school_${stack}`));
    const cloud = await fetch(`${cloudEnvironment(this.ports).AWS_ENDPOINT_URL ?? ""}/moto-api/data.json`);
    search("what AWS received (parameters, messages, queues)", await cloud.text());
    search("the webhook", messages.join("\n"));
    for (const name of ["awsSecretKey", "awsSessionToken", "passphrase", "database"] as const)
      if (!kept.has(name)) issues.push(`${name} was planted nowhere, so its absence proves nothing`);
    const summary = `${Object.keys(plantedSecrets).length} planted secrets are in none of ${this.places} places (${Math.round(this.bytes / 1e6)} MB)`;
    return { issues, summary };
  }
}

const markersIn = (text: string | Buffer): string[] =>
  Object.entries(plantedSecrets).flatMap(([name, marker]) => (text.includes(marker) ? [name] : []));

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (others.includes(entry.name) || entry.isSymbolicLink()) return [];
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() && statSync(path).size > 0 ? [path] : [];
  });
