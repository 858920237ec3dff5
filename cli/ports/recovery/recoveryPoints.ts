import {
  BackupClient,
  DescribeBackupJobCommand,
  paginateListRecoveryPointsByResource,
  StartBackupJobCommand,
} from "@aws-sdk/client-backup";
import { backupNames } from "../../../decisions/recovery/backupNames";
import { awsClient, type AwsLimits } from "../aws";
import { wait } from "../../shell/wait";

/** Restores and backup jobs are ordered by calls that may take a while; nobody waits for traffic meanwhile. */
export const slowCalls: AwsLimits = { attempts: 6, connectionTimeout: 3_000, requestTimeout: 30_000 };

/** Where a stack's backups are. */
export interface BackupPlace {
  region: string | undefined;
  databaseArn: string;
  application: string;
  stack: string;
  /** Days that a point is kept: inside of the vault lock's limits, or AWS refuses the job. */
  retentionDays: number;
}

/** Recovery points of the database in AWS Backup. */
export interface RecoveryPoints {
  /** When the newest completed one was made, ISO; null: none. */
  newest(): Promise<string | null>;
  /** Takes one and waits for it. */
  take(signal?: AbortSignal): Promise<string>;
}

/** Shortest window that AWS Backup takes for starting a job, and for completing it after that, minutes. */
const startWindow = 60;
const completeWindow = 120;

export function createRecoveryPoints(place: BackupPlace): RecoveryPoints {
  const client = new BackupClient(awsClient(place.region, slowCalls));
  const [, partition, , , account] = place.databaseArn.split(":");
  const names = backupNames(place.application, place.stack);
  return {
    async newest() {
      const dates: number[] = [];
      for await (const page of paginateListRecoveryPointsByResource(
        { client },
        { ResourceArn: place.databaseArn },
      ))
        for (const { CreationDate, Status } of page.RecoveryPoints ?? [])
          if (CreationDate && Status === "COMPLETED") dates.push(CreationDate.getTime());
      return dates.length > 0 ? new Date(Math.max(...dates)).toISOString() : null;
    },
    async take(signal) {
      const { BackupJobId } = await client.send(
        new StartBackupJobCommand({
          BackupVaultName: names.vault,
          ResourceArn: place.databaseArn,
          IamRoleArn: `arn:${partition}:iam::${account}:role/${names.role}`,
          Lifecycle: { DeleteAfterDays: place.retentionDays },
          StartWindowMinutes: startWindow,
          CompleteWindowMinutes: completeWindow,
          // A command that is killed and run again within the hour gets the same job, not a second one.
          IdempotencyToken: `${names.vault}-${new Date().toISOString().slice(0, 13)}`,
        }),
      );
      const until = Date.now() + (startWindow + completeWindow) * 60_000;
      for (;;) {
        const { State, StatusMessage, CompletionDate } = await client.send(
          new DescribeBackupJobCommand({ BackupJobId }),
        );
        if (State === "COMPLETED") return (CompletionDate ?? new Date()).toISOString();
        if (["ABORTED", "FAILED", "EXPIRED", "PARTIAL"].includes(State ?? ""))
          throw new Error(`backup job ${BackupJobId} is ${State}: ${StatusMessage ?? "no reason given"}`);
        if (Date.now() > until) throw new Error(`backup job ${BackupJobId} is ${State} after 3 hours`);
        await wait(15_000, signal);
      }
    },
  };
}
