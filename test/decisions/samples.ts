import { parse, type Release, type Settings, type SlotRelease } from "../../decisions/stack/config";
import { digest } from "../../decisions/release/digest";
import type { HistoryEntry } from "../../decisions/stack/history";
import type { ProvedRevision } from "../../decisions/database/revisionProof";
import type { ReleaseRecord } from "../../decisions/release/releaseRecord";
import { emptyRelease, releaseAfter } from "../../decisions/release/nextRelease";
import type { TransitionFacts } from "../../decisions/release/transitionFacts";

/** A release named by one hex digit: version 1.<n>.0, its own image, revision `r<n>` unless told. */
export const sample = (n: number, revision = `r${n}`): SlotRelease => ({
  version: `1.${n}.0`,
  image: `example.com/school@sha256:${n.toString(16).repeat(64).slice(0, 64)}`,
  revision,
});

export const record = (n: number, revision?: string): ReleaseRecord => ({
  ...sample(n, revision),
  commit: "abcdef1",
});

export const digestOf = (n: number): string => digest(sample(n).image);

export const migrationOf = (n: number) => ({ revision: sample(n).revision, image: sample(n).image });

/** Facts under which nothing is known. */
export const facts = (more: Partial<TransitionFacts> = {}): TransitionFacts => ({
  refused: new Set(),
  knownGood: new Set(),
  requiresStaging: false,
  ...more,
});

/** Release 1 live, validated, open, in slot blue; green is empty. */
export function served(): Release {
  const migrated = releaseAfter.migrate(emptyRelease(), migrationOf(1));
  return releaseAfter.validate(releaseAfter.first(migrated, sample(1)));
}

/** What a deploy of release `n` leaves after each of its steps, the last one first. */
export function deployed(from: Release, n: number): Release[] {
  const states = [releaseAfter.migrate(from, migrationOf(n))];
  const then = (step: (release: Release) => Release) => states.unshift(step(states[0] ?? from));
  then((release) => releaseAfter.load(release, sample(n)));
  then((release) => releaseAfter.canary(release));
  then((release) => releaseAfter.promote(release));
  then((release) => releaseAfter.validate(release));
  return states;
}

/** The newest of {@link deployed}. */
export const after = (from: Release, n: number): Release => deployed(from, n)[0] ?? from;

/** A whole config in a stack file's form. */
export const written = (release: Release, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  release,
  flags: {
    "gradebook-v2": {
      risk: "high",
      roles: ["teacher"],
      percentage: 10,
      owner: "grades",
      expires: "2027-03-01",
    },
  },
  sizing: { web: { replicas: 3 }, workers: { replicas: 2 } },
  slo: { objective: 99.9, windowDays: 30, latencyMs: 500 },
  gate: { holdSeconds: 600, deadlineSeconds: 1800, minRequests: 300, falseRollback: 0.01, bakeMinutes: 30 },
  metrics: { source: "prometheus", url: "http://prometheus.example.com:9090" },
  network: {
    listenerArn: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/school/1/2",
    vpcId: "vpc-1",
    url: "https://school.example.com",
    hosts: ["school.example.com"],
  },
  cluster: { namespace: "school-prod" },
  application: {
    name: "school",
    port: 8000,
    web: ["python", "-m", "school.web"],
    worker: ["python", "-m", "school.worker"],
  },
  database: { arn: "arn:aws:rds:eu-central-1:123456789012:db:school", secretName: "school-database" },
  smoke: [{ name: "home", path: "/" }],
  backups: { retentionDays: 7 },
  alarms: {},
  ...more,
});

/** {@link written} as parsed; throws when it is not sound. */
export function settingsWith(release: Release, more: Record<string, unknown> = {}): Settings {
  const parsed = parse(written(release, more));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.settings;
}

let minutes = 0;

/** An entry of stack history as the file backend gives it: `version` 0, structured values as JSON text. */
export function entry(
  release: Release | undefined,
  more: Partial<HistoryEntry> = {},
  config: Record<string, unknown> = {},
): HistoryEntry {
  minutes += 1;
  const at = new Date(Date.UTC(2026, 10, 24) + minutes * 60_000).toISOString();
  const values = release ? written(release, config) : {};
  return {
    version: 0,
    kind: "update",
    result: "succeeded",
    startTime: at,
    endTime: at,
    message: "",
    config: {
      "aws:region": { value: "eu-central-1", secret: false },
      ...Object.fromEntries(
        Object.entries(values).map(([key, value]) => [
          `deployment-safety:${key}`,
          { value: typeof value === "string" ? value : JSON.stringify(value), secret: false },
        ]),
      ),
    },
    ...more,
  };
}

/** History, newest first, of releases given oldest first. */
export const historyOf = (...releases: Release[]): HistoryEntry[] =>
  releases.map((release) => entry(release)).reverse();

/** A revision with a review and a proof that count; it works with those of `worksWith`. */
export const provedRevision = (id: string, worksWith: string[] = []): ProvedRevision => ({
  id,
  review: { ok: true, by: "bo@example.com" },
  proof: {
    ok: true,
    details: {
      facts: { kind: "expand", reversible: true, impact: "none", flag: null },
      parent: null,
      postgres: 15,
      fingerprint: "a".repeat(64),
      catalog: {},
      downgrade: { restores: true, normalised: [] },
      worksWith: worksWith.map((revision) => ({ revision, version: "1.0.0" })),
      breaks: [],
      seeds: "a".repeat(64),
    },
  },
});
