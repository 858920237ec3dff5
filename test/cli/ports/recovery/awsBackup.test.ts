import { beforeEach, describe, expect, it, vi } from "vitest";
import { createRds } from "../../../../cli/ports/recovery/rds";
import { Fault, recordedAws } from "../recordedAws";

/** Pauses of minutes pass at once; how long somebody waited is told by this clock. */
let waited = 0;
let speed = 1;
vi.mock("../../../../cli/shell/wait", async (original) => ({
  ...(await original<typeof import("../../../../cli/shell/wait")>()),
  wait: async (milliseconds: number) => void (waited += milliseconds * speed),
}));

const aws = recordedAws();
const began = Date.UTC(2026, 10, 24, 20);
beforeEach(() => {
  [waited, speed] = [0, 1];
  vi.spyOn(Date, "now").mockImplementation(() => began + waited);
});

const source = (kind: "db" | "cluster") =>
  createRds(
    { source: "rds", tables: [], limitMinutes: 10 },
    {
      region: "eu-central-1",
      prefix: "school-prod",
      databaseArn: `arn:aws:rds:eu-central-1:123456789012:${kind}:school`,
      application: "school",
      stack: "prod",
      retentionDays: 7,
    },
  );
const live = { host: "live", user: "school" };

describe("a recovery point in AWS Backup", () => {
  const jobs = (...states: string[]) => {
    aws.answer = ({ operation }) =>
      operation.startsWith("PUT")
        ? { BackupJobId: "job-1" }
        : {
            State: states.length > 1 ? states.shift() : states[0],
            StatusMessage: "no space",
            CompletionDate: began / 1000,
          };
  };

  it("is taken by the stack's role into its vault, waited for, and dated by its completion", async () => {
    jobs("CREATED", "RUNNING", "COMPLETED");
    expect(await source("db").takePoint(live)).toBe("2026-11-24T20:00:00.000Z");
    expect([aws.operations()[0], waited]).toEqual(["PUT /backup-jobs", 30_000]);
    expect(aws.calls[0]?.input).toMatchObject({
      ResourceArn: "arn:aws:rds:eu-central-1:123456789012:db:school",
      IamRoleArn: expect.stringMatching(/^arn:aws:iam::123456789012:role\/school-prod/) as string,
      Lifecycle: { DeleteAfterDays: 7 },
      IdempotencyToken: expect.stringMatching(/-2\d{3}-\d\d-\d\dT\d\d$/) as string,
    });
  });

  it("that fails is an error with AWS' own reason", async () => {
    jobs("RUNNING", "FAILED");
    await expect(source("db").takePoint(live)).rejects.toThrow("backup job job-1 is FAILED: no space");
  });

  it("that never ends is given up after 3 hours", async () => {
    jobs("RUNNING");
    speed = 60;
    await expect(source("db").takePoint(live)).rejects.toThrow("backup job job-1 is RUNNING after 3 hours");
    expect(waited).toBeGreaterThan(3 * 3_600_000);
  });

  it("counts where it is completed, and the newest one counts", async () => {
    const point = (Status: string, day: number) => ({ Status, CreationDate: Date.UTC(2026, 10, day) / 1000 });
    aws.answer = () => ({
      RecoveryPoints: [point("COMPLETED", 21), point("COMPLETED", 22), point("PARTIAL", 23)],
    });
    expect(await source("db").newestPoint()).toBe("2026-11-22T00:00:00.000Z");
    aws.answer = () => ({ RecoveryPoints: [] });
    expect(await source("db").newestPoint()).toBeNull();
  });
});

const time = (hour: number) => new Date(Date.UTC(2026, 10, 24, hour)).toISOString();

describe("what can be restored", () => {
  it("of an instance is its automated backups' window, up to where its log has come", async () => {
    aws.answer = ({ operation }) =>
      operation === "DescribeDBInstances"
        ? `<DBInstances><DBInstance><LatestRestorableTime>${time(19)}</LatestRestorableTime></DBInstance></DBInstances>`
        : `<DBInstanceAutomatedBackups><DBInstanceAutomatedBackup><Status>active</Status><RestoreWindow><EarliestTime>${time(1)}</EarliestTime><LatestTime>${time(18)}</LatestTime></RestoreWindow></DBInstanceAutomatedBackup></DBInstanceAutomatedBackups>`;
    expect(await source("db").restorable()).toEqual({ oldest: time(1), newest: time(19) });
  });

  it("of an instance that is gone is still what its backups hold; an instance without backups has nothing", async () => {
    const backups = `<DBInstanceAutomatedBackups><DBInstanceAutomatedBackup><Status>retained</Status><RestoreWindow><EarliestTime>${time(1)}</EarliestTime><LatestTime>${time(18)}</LatestTime></RestoreWindow></DBInstanceAutomatedBackup></DBInstanceAutomatedBackups>`;
    aws.answer = ({ operation }) =>
      operation === "DescribeDBInstances" ? new Fault("DBInstanceNotFound", 404) : backups;
    expect(await source("db").restorable()).toEqual({ oldest: time(1), newest: time(18) });
    aws.answer = () => "";
    expect(await source("db").restorable()).toBeUndefined();
  });

  it("of a cluster is its own window", async () => {
    aws.answer = () =>
      `<DBClusters><DBCluster><EarliestRestorableTime>${time(2)}</EarliestRestorableTime><LatestRestorableTime>${time(19)}</LatestRestorableTime></DBCluster></DBClusters>`;
    expect(await source("cluster").restorable()).toEqual({ oldest: time(2), newest: time(19) });
  });

  it("is not nothing while RDS does not answer, but an error", async () => {
    aws.answer = () => new Fault("AccessDenied", 403);
    await expect(source("cluster").restorable()).rejects.toThrow(/RDS does not answer: AccessDenied/);
  });
});

describe("an instant that has just passed", () => {
  const newest = (at: () => string) => {
    aws.answer = () =>
      `<DBClusters><DBCluster><EarliestRestorableTime>${time(2)}</EarliestRestorableTime><LatestRestorableTime>${at()}</LatestRestorableTime></DBCluster></DBClusters>`;
  };

  it("is waited for until the log has passed it", async () => {
    newest(() => new Date(began + waited - 60_000).toISOString());
    await source("cluster").reach(time(20), undefined);
    expect(waited).toBe(75_000);
  });

  it("that the log never reaches is given up after 15 minutes, with how far it came", async () => {
    newest(() => time(19));
    speed = 10;
    await expect(source("cluster").reach(time(20), undefined)).rejects.toThrow(
      `the latest restorable time is ${time(19)} and did not pass ${time(20)} within 15 minutes: the log does not reach S3`,
    );
  });
});

describe("a copy", () => {
  const id = "school-prod-drill-20261124t200000000";
  const status = (text: string, more = "") =>
    `<DBInstances><DBInstance><DBInstanceIdentifier>${id}</DBInstanceIdentifier><DBInstanceStatus>${text}</DBInstanceStatus>${more}</DBInstance></DBInstances>`;

  it("that cannot come up ends the restore with its state", async () => {
    aws.answer = () => status("incompatible-parameters");
    const order = { id, purpose: "drill" as const, target: time(19) };
    await expect(source("db").restore(order)).rejects.toThrow(`${id} is incompatible-parameters`);
    aws.answer = () => status("creating");
    await expect(source("db").restore(order)).rejects.toThrow(`${id} is creating after 10 minutes`);
  });

  it("that is still being created is deleted as soon as that is allowed, its protection first", async () => {
    let tries = 0;
    let isGone = false;
    aws.answer = ({ operation }) => {
      if (operation === "DeleteDBInstance") {
        if (++tries < 3) return new Fault("InvalidDBInstanceState");
        isGone = true;
        return "";
      }
      if (isGone) return new Fault("DBInstanceNotFound", 404);
      return status("creating", "<DeletionProtection>true</DeletionProtection>");
    };
    await source("db").remove(id);
    expect([tries, waited]).toEqual([3, 30_000]);
    expect(aws.operations()).toContain("ModifyDBInstance");
  });

  it("that does not go is named after an hour, and one whose deletion is forbidden at once", async () => {
    speed = 60;
    aws.answer = ({ operation }) =>
      operation === "DeleteDBInstance" ? new Fault("InvalidDBInstanceState") : status("creating");
    await expect(source("db").remove(id)).rejects.toThrow(`${id} was not gone after 60 minutes`);
    speed = 1;
    aws.answer = ({ operation }) =>
      operation === "DeleteDBInstance" ? new Fault("AccessDenied", 403) : status("available");
    await expect(source("db").remove(id)).rejects.toThrow(/AccessDenied/);
  });

  it("without an address is not ready to be connected to", async () => {
    aws.answer = () => status("creating");
    await expect(source("db").connection(id, live)).rejects.toThrow(`${id} has no endpoint yet`);
  });
});
