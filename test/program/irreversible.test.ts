import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { parse, type Release, type Settings } from "../../decisions/stack/config";
import { approvalDetails, rulesHash } from "../../decisions/approval/irreversibleChange";
import { releaseAfter } from "../../decisions/release/nextRelease";
import { irreversibleChangeApproved } from "../../policies/approval/irreversible";
import { policies } from "../../policies/pack";
import { types } from "../../policies/types";
import { admitted } from "../../program/admission";
import { vaultLockHash } from "../../decisions/approval/vaultLock";
import { rulesOf } from "../../repository/approval/irreversible";
import { declare } from "../components/declared";
import { stackFile } from "../components/settings";
import { digestOf, migrationOf, served } from "../decisions/samples";
import { broken, policyContext } from "../policies/judged";

// Reviews and proofs have tests of their own, and would be refused here besides.
vi.mock("../../repository/database/revisionIssues", () => ({ revisionIssues: () => [] }));

/** What the program lets through, in a clone of its own: each way in which somebody may try to get round an approval. */

/** School for one minute a day, so that it is out of hours whenever this runs, but for a minute that is left out. */
const minuteAt = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
const openNow = {
  zone: "UTC",
  schoolDays: ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
  // Either of the two is at least six hours away.
  schoolHours: minuteAt(0) < "12:00" ? { from: "18:00", to: "18:01" } : { from: "05:59", to: "06:00" },
  noticeHours: 48,
};
const closedNow = { ...openNow, schoolHours: { from: "00:00", to: "24:00" } };

let root: string;
const home = process.cwd();
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "irreversible-"));
  git("init", "--quiet", "--initial-branch=main");
  write("migrations/revisions/r1_x.py", revision("r1", null, "True", "none"));
  write("migrations/revisions/r2_y.py", revision("r2", "r1", "False", "guardians: names in two parts"));
  commit("ada");
  process.chdir(root);
});
afterAll(() => {
  process.chdir(home);
  rmSync(root, { recursive: true });
});

const git = (...words: string[]) => execFileSync("git", ["-C", root, ...words], { encoding: "utf8" });
const write = (file: string, text: string) => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
};
const commit = (name: string) => {
  git("add", "--all");
  const identity = ["-c", `user.name=${name}`, "-c", `user.email=${name}@example.com`];
  git(...identity, "commit", "--quiet", "--allow-empty", "-m", "work");
};
const revision = (id: string, down: string | null, reversible: string, impact: string) =>
  `revision = "${id}"\ndown_revision = ${down ? `"${down}"` : "None"}\nreversible = ${reversible}\nimpact = "${impact}"\n`;
const hash = (name = "r2_y.py") =>
  createHash("sha256")
    .update(readFileSync(join(root, "migrations/revisions", name)))
    .digest("hex");
const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

const configOf = (release: Release, more: Record<string, unknown> = {}): Record<string, unknown> => {
  const file: Record<string, unknown> = {
    ...stackFile("prod"),
    changeWindow: openNow,
    evidence: { requireSigned: false },
    ...more,
    release,
  };
  for (const [key, value] of Object.entries(file)) if (value === undefined) delete file[key];
  return file;
};
const settings = (release: Release, more: Record<string, unknown> = {}): Settings => {
  const parsed = parse(configOf(release, more));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.settings;
};

const window = { from: ago(1), to: ago(-5) };
const approve = (by = "bo", more: Record<string, unknown> = {}, sha256 = hash()) => {
  const { changeWindow, ...others } = settings(served());
  const details = {
    reason: "names are split",
    window,
    expires: window.to,
    minutes: 10,
    rules: rulesHash(rulesOf({ ...others, changeWindow: changeWindow! })),
    ...more,
  };
  approvalDetails.parse(details);
  write(
    "evidence/approval/r2.json",
    JSON.stringify({ kind: "approval", subject: "r2", sha256, at: ago(60), details }),
  );
  commit(by);
};

const migrated = releaseAfter.migrate(served(), migrationOf(2));
interface World {
  release?: Release;
  stack?: Record<string, unknown>;
  parameters?: Record<string, object | undefined>;
}
/** Parameters that have a value, by their names below the stack's root. */
const valuesOf = (parameters: World["parameters"]) =>
  Object.entries({
    release: served(),
    guard: { changeWindow: true, vaultLock: "governance" },
    "evidence/recovery-point/last": { at: ago(0.5) },
    "evidence/drill/last": drill,
    "evidence/drill/passed": drill,
    "evidence/notice/r2": { subject: "r2", sha256: hash(), sentAt: ago(50), ...window },
    ...parameters,
  }).filter(([, value]) => value !== undefined);

/** What the program says to a plain `pulumi up`: "" lets it go on. */
async function up({ release = migrated, stack = {}, parameters = {} }: World = {}): Promise<string> {
  const values = valuesOf(parameters);
  let said = "";
  await declare(
    async () => {
      try {
        await admitted("prod", settings(release, stack));
      } catch (error) {
        said = (error as Error).message;
      }
    },
    {
      "aws:ssm/getParametersByPath:getParametersByPath": ({ path }) => ({
        names: values.map(([name]) => `${String(path)}${name}`),
        values: values.map(([, value]) => JSON.stringify(value)),
      }),
      "pulumi:pulumi:readStackOutputs": () => ({ outputs: { validated: digestOf(1) } }),
    },
  );
  return said;
}
const drill = {
  ok: true,
  at: ago(24 * 30),
  target: ago(24 * 30),
  source: "rds",
  actor: "bo",
  findings: [],
};

beforeEach(() => {
  rmSync(join(root, "evidence/approval/vault-lock.json"), { force: true });
  write("migrations/revisions/r2_y.py", revision("r2", "r1", "False", "guardians: names in two parts"));
  commit("ada");
  approve();
});

describe("the program and an irreversible migration", () => {
  it("lets it through with all its evidence", async () => {
    expect(await up()).toBe("");
  });

  const ways: [string, () => Promise<string>, RegExp][] = [
    [
      "no approval",
      async () => {
        rmSync(join(root, "evidence/approval/r2.json"));
        commit("ada");
        return up();
      },
      /approval-missing/,
    ],
    [
      "an approval that is not committed",
      async () => {
        approve();
        write(
          "evidence/approval/r2.json",
          readFileSync(join(root, "evidence/approval/r2.json"), "utf8") + "\n",
        );
        return up();
      },
      /approval-missing.*not committed/,
    ],
    [
      "its author's own approval",
      async () => {
        rmSync(join(root, "evidence/approval/r2.json"));
        commit("ada");
        approve("ada");
        return up();
      },
      /approval-void.*own approval does not count/,
    ],
    [
      "a revision edited since, committed by another",
      async () => {
        write("migrations/revisions/r2_y.py", revision("r2", "r1", "False", "guardians: all gone"));
        commit("eve");
        return up();
      },
      /approval-void.*other content/,
    ],
    [
      "a revision edited in the working copy only",
      async () => {
        write("migrations/revisions/r2_y.py", revision("r2", "r1", "False", "guardians: all gone"));
        return up();
      },
      /approval-void.*other content[^]*last author.*not known/,
    ],
    [
      "a revision that does not say what it is",
      async () => {
        write("migrations/revisions/r2_y.py", revision("r2", "r1", "maybe", "none"));
        return up();
      },
      /does not say/,
    ],
    [
      "the word head for a revision",
      () => up({ release: releaseAfter.migrate(served(), { ...migrationOf(2), revision: "head" }) }),
      /head has no file/,
    ],
    [
      "the change window taken out of the stack file",
      () => up({ stack: { changeWindow: undefined } }),
      /`changeWindow` is gone/,
    ],
    [
      "the change window taken out in an update before",
      () => up({ release: served(), stack: { changeWindow: undefined } }),
      /`changeWindow` is gone/,
    ],
    [
      "a change window widened by hand",
      () => up({ stack: { changeWindow: { ...openNow, holidays: ["2026-12-24"] } } }),
      /approval-rules/,
    ],
    [
      "fewer hours of notice, by hand",
      () => up({ stack: { changeWindow: { ...openNow, noticeHours: 1 } } }),
      /approval-rules/,
    ],
    ["school hours", () => up({ stack: { changeWindow: closedNow } }), /outside-hours/],
    [
      "more time for migrations than was announced",
      () =>
        up({ stack: { database: { ...(stackFile("prod").database as object), migrationSeconds: 3600 } } }),
      /window-too-short.*10 minutes were announced/,
    ],
    ["no notice", () => up({ parameters: { "evidence/notice/r2": undefined } }), /notice-missing/],
    [
      "a notice that is too late",
      () =>
        up({
          parameters: { "evidence/notice/r2": { subject: "r2", sha256: hash(), sentAt: ago(47), ...window } },
        }),
      /notice-late/,
    ],
    [
      "a stale recovery point",
      () => up({ parameters: { "evidence/recovery-point/last": { at: ago(2) } } }),
      /recovery-point/,
    ],
    [
      "no recovery point",
      () => up({ parameters: { "evidence/recovery-point/last": undefined } }),
      /recovery-point/,
    ],
    [
      "a stale drill",
      () => {
        const old = { ...drill, at: ago(24 * 93) };
        return up({ parameters: { "evidence/drill/last": old, "evidence/drill/passed": old } });
      },
      /drill/,
    ],
    [
      "the migration together with another change",
      () => up({ release: { ...migrated, traffic: "paused" } }),
      /not one step/,
    ],
    [
      "the published serial",
      () => up({ release: { ...migrated, serial: served().serial } }),
      /must be identical/,
    ],
    [
      "an upgrade that calls itself a downgrade, on open traffic",
      () =>
        up({
          release: { ...migrated, migration: { ...migrationOf(2), downgradeFrom: migrationOf(1).revision } },
        }),
      /not one step|downgrade/,
    ],
  ];
  /** Rewrites the approval that is there, by `who`. */
  const rewrite = (who: string, change: (approval: Record<string, unknown>) => object, name = "r2") => {
    const read = JSON.parse(readFileSync(join(root, "evidence/approval/r2.json"), "utf8")) as object;
    write(`evidence/approval/${name}.json`, JSON.stringify(change(read as Record<string, unknown>)));
    commit(who);
  };
  const locked = { backups: { retentionDays: 7, lock: "compliance" } };
  const lock = (stack: string, retentionDays: number) => {
    const of = settings(served(), { backups: { retentionDays, lock: "compliance" } });
    rewrite(
      "bo",
      (approval) => ({ ...approval, subject: "vault-lock", sha256: vaultLockHash(stack, of) }),
      "vault-lock",
    );
  };
  /** Of which stack file Ada is the author. */
  const withLock = () => {
    write("Pulumi.prod.yaml", "config: {}\n");
    commit("ada");
    return up({ release: served(), stack: locked });
  };
  const more: typeof ways = [
    [
      "the approval of another revision, renamed",
      async () => {
        rewrite("bo", (approval) => ({ ...approval, sha256: hash("r1_x.py") }));
        return up();
      },
      /approval-void.*other content/,
    ],
    [
      "the approval of another revision, copied as it is",
      async () => {
        rewrite("bo", (approval) => ({ ...approval, subject: "r1" }));
        return up();
      },
      /approval-missing.*`subject` is `r1`/,
    ],
    [
      "an approval whose window its author has widened",
      async () => {
        rewrite("ada", ({ details, ...rest }) => ({
          ...rest,
          details: { ...(details as object), expires: ago(-500) },
        }));
        return up();
      },
      /approval-void.*own approval does not count/,
    ],
    [
      "an update that is run again after a crash, once its window has closed",
      async () => {
        approve("bo", { window: { from: ago(2), to: ago(0.01) }, expires: ago(-5) });
        return up();
      },
      /outside-approved-window/,
    ],
    [
      "a window that closes before the migration must have ended",
      async () => {
        approve("bo", { window: { from: ago(2), to: ago(-0.1) } });
        return up();
      },
      /window-too-short/,
    ],
    [
      "a later revision that takes it along",
      async () => {
        write("migrations/revisions/r3_z.py", revision("r3", "r2", "True", "none"));
        rmSync(join(root, "evidence/approval/r2.json"));
        commit("ada");
        const said = await up({
          release: releaseAfter.migrate(served(), { ...migrationOf(2), revision: "r3" }),
        });
        rmSync(join(root, "migrations/revisions/r3_z.py"));
        commit("ada");
        return said;
      },
      /r2 cannot be undone.*approval-missing/,
    ],
    [
      "a downgrade written into the file, while nothing proves it",
      () =>
        up({
          release: {
            ...served(),
            serial: served().serial + 1,
            traffic: "paused",
            migration: { ...migrationOf(1), downgradeFrom: "r2" },
          },
          parameters: { release: { ...served(), traffic: "paused", migration: migrationOf(2) } },
        }),
      /the downgrade of r2 is not proved/,
    ],
    [
      "the vault locked for good, without an approval",
      withLock,
      /vault-lock cannot be undone.*approval-missing/,
    ],
    [
      "the vault locked for good with the approval of another stack's",
      () => {
        lock("staging", 7);
        return withLock();
      },
      /vault-lock cannot be undone.*approval-void.*other content/,
    ],
    [
      "the vault locked for good for more days than were approved",
      () => {
        lock("prod", 8);
        return withLock();
      },
      /vault-lock cannot be undone.*approval-void.*other content/,
    ],
  ];
  it("locks the vault for good with its own approval", async () => {
    lock("prod", 7);
    expect(await withLock()).toBe("");
  });

  it.each([...ways, ...more])("refuses %s", async (_name, way, says) => {
    const said = await way();
    expect(said).toMatch(/^Refused: /);
    expect(said).toMatch(says);
  });

  it("asks nothing of a stack without change window, nor of one that was never migrated", async () => {
    rmSync(join(root, "evidence/approval/r2.json"));
    commit("ada");
    expect(await up({ stack: { changeWindow: undefined }, parameters: { guard: undefined } })).toBe("");
  });
});

/** What the policy says of the migration's Job at `now`. */
async function judged({ release = migrated, stack = {}, parameters = {} }: World = {}, now = new Date()) {
  const job = {
    type: types.job,
    name: "migration",
    properties: {
      spec: { template: { metadata: { labels: { "app.kubernetes.io/component": "migrate" } } } },
    },
  };
  const found = await broken([irreversibleChangeApproved], [job], {
    now,
    root,
    config: Object.fromEntries(
      Object.entries(configOf(release, stack)).map(([key, value]) => [
        `deployment-safety:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
    parameters: () =>
      Promise.resolve(
        new Map(
          valuesOf(parameters).map(([name, value]) => [
            `/deployment-safety/prod/${name}`,
            JSON.stringify(value),
          ]),
        ),
      ),
  });
  return found.map(({ text }) => text).join("\n");
}

describe("the policy, with the same evidence as the program", () => {
  it("lets an approved change run in its window", async () => {
    approve();
    expect(await up()).toBe("");
    expect(await judged()).toBe("");
  });

  it("refuses it by its author's own approval, in school hours, after the window, and without notice", async () => {
    approve("ada");
    expect(await judged()).toMatch(/approv/);
    approve();
    expect(await judged({ stack: { changeWindow: closedNow } })).not.toBe("");
    expect(await judged({}, new Date(Date.now() + 6 * 3_600_000))).toMatch(/window/);
    expect(await judged({ parameters: { "evidence/notice/r2": undefined } })).toMatch(/notice|guardians/);
  });

  it("only reports in a preview, and refuses an update", () => {
    const levels = [true, false].map(
      (isPreview) =>
        policies([irreversibleChangeApproved], () => ({ ...policyContext, isPreview }))[0]?.enforcementLevel,
    );
    expect(levels).toEqual(["advisory", "mandatory"]);
  });
});
