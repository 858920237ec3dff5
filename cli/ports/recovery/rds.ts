import {
  AddTagsToResourceCommand,
  DBClusterNotFoundFault,
  DBInstanceNotFoundFault,
  type DBInstance,
  DescribeDBClustersCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  paginateDescribeDBClusters,
  paginateDescribeDBInstances,
  RDSClient,
  type Tag,
} from "@aws-sdk/client-rds";
import type { ClientConfig } from "pg";
import type { Restorable } from "../../../decisions/recovery/window";
import { messageOf } from "../../shell/failure";
import { wait } from "../../shell/wait";
import { awsClient } from "../aws";
import { type BackupPlace, createRecoveryPoints, slowCalls } from "./recoveryPoints";
import { createClusterCopies, createInstanceCopies, type CopyMaker, type RdsConfig } from "./rdsCopies";
import { assertCopy, type Copy, type Order, purposeOf, type Queryable, type RecoverySource } from "./source";

/** Where the stack's database and its backups are. */
export interface RdsPlace extends BackupPlace {
  region: string | undefined;
  /** Prefix of the stack's copies. */
  prefix: string;
}

/** Tags by which copies are found again, also by people in the console. */
const tags = {
  stack: "deployment-safety:copy-of",
  target: "deployment-safety:target",
  ready: "deployment-safety:ready",
};

/** RDS uploads logs every 5 minutes; twice that and a little is when something is wrong. Minutes. */
const reachMinutes = 15;

/**
 * Recovery of an RDS instance or an Aurora cluster: a restore to a point in time makes an instance of its own, with the
 * live one's parameter group, subnets and security groups. Nothing of it is kept at the end, not even a final snapshot.
 */
export const createRds = (config: RdsConfig, place: RdsPlace): RecoverySource => new Rds(config, place);

class Rds implements RecoverySource {
  readonly name = "rds";
  readonly precision = 1000;
  readonly limitMinutes: number;
  private readonly client: RDSClient;
  private readonly isCluster: boolean;
  /** Identifier of the live database. */
  private readonly database: string;
  private readonly maker: CopyMaker;
  private readonly points: ReturnType<typeof createRecoveryPoints>;

  constructor(
    config: RdsConfig,
    private readonly place: RdsPlace,
  ) {
    this.limitMinutes = config.limitMinutes;
    this.client = new RDSClient(awsClient(place.region, slowCalls));
    this.isCluster = place.databaseArn.includes(":cluster:");
    this.database = place.databaseArn.split(":").at(-1) ?? "";
    const make = this.isCluster ? createClusterCopies : createInstanceCopies;
    this.maker = make(this.client, this.database, config);
    this.points = createRecoveryPoints(place);
  }

  async restorable(): Promise<Restorable | undefined> {
    const { oldest, newest } = this.isCluster
      ? await clusterWindow(this.client, this.database)
      : await instanceWindow(this.client, this.database);
    return oldest && newest ? { oldest: oldest.toISOString(), newest: newest.toISOString() } : undefined;
  }

  async reach(instant: string, _live: Queryable | undefined, signal?: AbortSignal): Promise<void> {
    const until = Date.now() + reachMinutes * 60_000;
    for (;;) {
      const newest = (await this.restorable())?.newest;
      if (newest !== undefined && Date.parse(newest) > Date.parse(instant)) return;
      if (Date.now() > until)
        throw new Error(
          `the latest restorable time is ${newest ?? "unknown"} and did not pass ${instant} within ${reachMinutes} minutes: the log does not reach S3`,
        );
      await wait(15_000, signal);
    }
  }

  restore({ id, target }: Order, signal?: AbortSignal): Promise<void> {
    const { prefix } = this.place;
    const labels = [
      { Key: tags.stack, Value: prefix },
      { Key: tags.target, Value: target },
      { Key: tags.ready, Value: "no" },
    ];
    return this.maker.create(id, new Date(target), labels, signal);
  }

  async connection(id: string, live: ClientConfig): Promise<ClientConfig> {
    const { address, port } = await this.maker.endpoint(id);
    return { ...live, host: address, port };
  }

  async instructions(id: string): Promise<string[]> {
    const { address } = await this.maker.endpoint(id).catch(() => ({ address: "its endpoint" }));
    const modify = this.isCluster
      ? "modify-db-cluster --db-cluster-identifier"
      : "modify-db-instance --db-instance-identifier";
    const rename = this.isCluster ? "--new-db-cluster-identifier" : "--new-db-instance-identifier";
    return [
      `Look into it at ${address}, as the live database's user.`,
      "To switch over, so that name, endpoint and backups stay as they are:",
      "1. make pause, so that nothing is written any more; compare once more.",
      `2. aws rds ${modify} ${this.database} ${rename} ${this.database}-before --apply-immediately`,
      `3. aws rds ${modify} ${id} ${rename} ${this.database} --apply-immediately; give it what the old one had: Multi-AZ, deletion protection, backup retention, alarms. Take the tag ${tags.stack} off.`,
      "4. Restart web and workers once the name resolves to it, make smoke, make open. Delete nothing before the next drill has passed.",
    ];
  }

  async markReady(id: string): Promise<void> {
    await this.client.send(
      new AddTagsToResourceCommand({
        ResourceName: this.maker.arn(this.place.databaseArn, id),
        Tags: [{ Key: tags.ready, Value: "yes" }],
      }),
    );
  }

  async copies(): Promise<Copy[]> {
    const { client, isCluster } = this;
    const found: [id: string | undefined, tags: Tag[] | undefined][] = [];
    // Instances of Aurora copies carry the tags too; a cluster without its instance is found as a cluster.
    if (isCluster)
      for await (const { DBClusters = [] } of paginateDescribeDBClusters({ client }, {}))
        for (const one of DBClusters) found.push([one.DBClusterIdentifier, one.TagList]);
    else
      for await (const { DBInstances = [] } of paginateDescribeDBInstances({ client }, {}))
        for (const one of DBInstances) found.push([one.DBInstanceIdentifier, one.TagList]);
    return found.flatMap(([id = "", list = []]): Copy[] => {
      const tag = (key: string) => list.find(({ Key }) => Key === key)?.Value;
      const purpose = purposeOf(id, this.place.prefix);
      // The tag, not only the name: an instance that was switched over to is no copy any more.
      if (!purpose || tag(tags.stack) !== this.place.prefix) return [];
      return [{ id, purpose, target: tag(tags.target) ?? "", ready: tag(tags.ready) === "yes" }];
    });
  }

  async remove(id: string): Promise<void> {
    assertCopy(id, this.place.prefix);
    await this.maker.remove(id);
  }

  newestPoint(): Promise<string | null> {
    return this.points.newest();
  }

  takePoint(_live: ClientConfig, signal?: AbortSignal): Promise<string> {
    return this.points.take(signal);
  }
}

/** What can be restored, as far as AWS says. */
type Window = Record<"oldest" | "newest", Date | undefined>;

/** Oldest and newest instant of an instance: its automated backups' window, and how far the log has come. */
async function instanceWindow(client: RDSClient, id: string): Promise<Window> {
  const [instances, backups] = await Promise.all([
    client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id })).catch(absent),
    client.send(new DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier: id })),
  ]);
  const instance: DBInstance | undefined = instances?.DBInstances?.[0];
  const window = backups.DBInstanceAutomatedBackups?.find(
    ({ Status }) => Status !== "creating",
  )?.RestoreWindow;
  const newest = instance?.LatestRestorableTime ?? window?.LatestTime;
  return { oldest: window?.EarliestTime, newest };
}

async function clusterWindow(client: RDSClient, id: string): Promise<Window> {
  const answer = await client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id })).catch(absent);
  const cluster = answer?.DBClusters?.[0];
  return { oldest: cluster?.EarliestRestorableTime, newest: cluster?.LatestRestorableTime };
}

/** A database that is gone is a finding, not a failed call: its automated backups may still be there. */
function absent(error: unknown): undefined {
  if (error instanceof DBInstanceNotFoundFault || error instanceof DBClusterNotFoundFault) return undefined;
  throw new Error(`RDS does not answer: ${messageOf(error)}`, { cause: error });
}
