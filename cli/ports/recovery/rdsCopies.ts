import {
  CreateDBInstanceCommand,
  DBClusterNotFoundFault,
  DBInstanceNotFoundFault,
  DeleteDBClusterCommand,
  DeleteDBInstanceCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  InvalidDBClusterStateFault,
  InvalidDBInstanceStateFault,
  ModifyDBClusterCommand,
  ModifyDBInstanceCommand,
  type RDSClient,
  RestoreDBClusterToPointInTimeCommand,
  RestoreDBInstanceToPointInTimeCommand,
  type Tag,
} from "@aws-sdk/client-rds";
import type { RecoveryConfig } from "../../../decisions/recovery/recoveryConfig";
import { wait } from "../../shell/wait";

export type RdsConfig = Extract<RecoveryConfig, { source: "rds" }>;

/** Makes and removes the throwaway databases of RDS. */
export interface CopyMaker {
  /** Restores `id` to a time and waits until it is available. */
  create(id: string, time: Date, tags: Tag[], signal?: AbortSignal): Promise<void>;
  endpoint(id: string): Promise<{ address: string; port: number }>;
  /** ARN of a copy, from the live database's. */
  arn(databaseArn: string, id: string): string;
  /** Deletes without a final snapshot, and waits until it is gone. */
  remove(id: string): Promise<void>;
}

/** Pause between two looks at something that takes minutes, milliseconds. */
const pause = 15_000;

/** Longest wait for a deletion, which waits for a creation that is under way, minutes. */
const removeMinutes = 60;

const siblingOf = (databaseArn: string, id: string): string => databaseArn.replace(/[^:]+$/, id);

/** Copies of an RDS instance. */
export function createInstanceCopies(client: RDSClient, database: string, config: RdsConfig): CopyMaker {
  const look = (id: string) => instance(client, id);
  return {
    async create(id, time, tags, signal) {
      const live = await look(database);
      await client.send(
        new RestoreDBInstanceToPointInTimeCommand({
          SourceDBInstanceIdentifier: database,
          TargetDBInstanceIdentifier: id,
          RestoreTime: time,
          DBInstanceClass: config.instanceClass ?? live?.DBInstanceClass,
          DBSubnetGroupName: config.subnetGroup ?? live?.DBSubnetGroup?.DBSubnetGroupName,
          // Without its own group it would come up with the engine's defaults.
          DBParameterGroupName: live?.DBParameterGroups?.[0]?.DBParameterGroupName,
          VpcSecurityGroupIds: config.securityGroupIds ?? groups(live?.VpcSecurityGroups),
          PubliclyAccessible: false,
          MultiAZ: false,
          DeletionProtection: false,
          CopyTagsToSnapshot: false,
          Tags: tags,
        }),
      );
      await available(look, id, config.limitMinutes, signal);
    },
    async endpoint(id) {
      return endpointOf((await look(id))?.Endpoint, id);
    },
    arn: siblingOf,
    remove: (id) => removeInstance(client, id),
  };
}

/** Copies of an Aurora cluster: a cluster and one instance in it. */
export function createClusterCopies(client: RDSClient, database: string, config: RdsConfig): CopyMaker {
  const writer = (id: string) => `${id}-1`;
  const look = async (id: string) => {
    try {
      return (await client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }))).DBClusters?.[0];
    } catch (error) {
      if (error instanceof DBClusterNotFoundFault) return undefined;
      throw error;
    }
  };
  return {
    async create(id, time, tags, signal) {
      const live = await look(database);
      const liveWriter = live?.DBClusterMembers?.find(
        ({ IsClusterWriter }) => IsClusterWriter,
      )?.DBInstanceIdentifier;
      const { DBInstanceClass, Engine } = (liveWriter && (await instance(client, liveWriter))) || {};
      await client.send(
        new RestoreDBClusterToPointInTimeCommand({
          SourceDBClusterIdentifier: database,
          DBClusterIdentifier: id,
          RestoreToTime: time,
          DBSubnetGroupName: config.subnetGroup ?? live?.DBSubnetGroup,
          DBClusterParameterGroupName: live?.DBClusterParameterGroup,
          VpcSecurityGroupIds: config.securityGroupIds ?? groups(live?.VpcSecurityGroups),
          ServerlessV2ScalingConfiguration: live?.ServerlessV2ScalingConfiguration,
          DeletionProtection: false,
          Tags: tags,
        }),
      );
      const clusterState = async (name: string) => ({ DBInstanceStatus: (await look(name))?.Status });
      await available(clusterState, id, config.limitMinutes, signal);
      await client.send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier: writer(id),
          DBClusterIdentifier: id,
          Engine: Engine ?? live?.Engine,
          DBInstanceClass: config.instanceClass ?? DBInstanceClass,
          PubliclyAccessible: false,
          Tags: tags,
        }),
      );
      await available((name) => instance(client, name), writer(id), config.limitMinutes, signal);
    },
    async endpoint(id) {
      const cluster = await look(id);
      return endpointOf({ Address: cluster?.Endpoint, Port: cluster?.Port }, id);
    },
    arn: siblingOf,
    async remove(id) {
      const cluster = await look(id);
      if (!cluster) return;
      for (const { DBInstanceIdentifier } of cluster.DBClusterMembers ?? [])
        if (DBInstanceIdentifier) await removeInstance(client, DBInstanceIdentifier);
      await untilGone(
        async () => (await look(id)) !== undefined,
        async () => {
          const DBClusterIdentifier = id;
          if (cluster.DeletionProtection)
            await client.send(new ModifyDBClusterCommand({ DBClusterIdentifier, DeletionProtection: false }));
          await client.send(new DeleteDBClusterCommand({ DBClusterIdentifier, SkipFinalSnapshot: true }));
        },
        id,
      );
    },
  };
}

async function instance(client: RDSClient, id: string) {
  try {
    return (await client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }))).DBInstances?.[0];
  } catch (error) {
    if (error instanceof DBInstanceNotFoundFault) return undefined;
    throw error;
  }
}

async function removeInstance(client: RDSClient, id: string): Promise<void> {
  await untilGone(
    async () => (await instance(client, id)) !== undefined,
    async () => {
      const own = { DBInstanceIdentifier: id };
      if ((await instance(client, id))?.DeletionProtection)
        await client.send(new ModifyDBInstanceCommand({ ...own, DeletionProtection: false }));
      const nothingKept = { SkipFinalSnapshot: true, DeleteAutomatedBackups: true };
      await client.send(new DeleteDBInstanceCommand({ ...own, ...nothingKept }));
    },
    id,
  );
}

/** Deletes until it is gone: what is being created, or deleted already, refuses a deletion for a while. */
async function untilGone(
  exists: () => Promise<boolean>,
  order: () => Promise<unknown>,
  id: string,
): Promise<void> {
  const until = Date.now() + removeMinutes * 60_000;
  while (await exists()) {
    await order().catch((error: unknown) => {
      const isLater =
        error instanceof InvalidDBInstanceStateFault || error instanceof InvalidDBClusterStateFault;
      const isGone = error instanceof DBInstanceNotFoundFault || error instanceof DBClusterNotFoundFault;
      if (!isLater && !isGone) throw error;
    });
    if (!(await exists())) return;
    if (Date.now() > until) throw new Error(`${id} was not gone after ${removeMinutes} minutes`);
    await wait(pause);
  }
}

async function available(
  look: (id: string) => Promise<{ DBInstanceStatus?: string | undefined } | undefined>,
  id: string,
  minutes: number,
  signal?: AbortSignal,
): Promise<void> {
  const until = Date.now() + minutes * 60_000;
  for (;;) {
    const status = (await look(id))?.DBInstanceStatus ?? "absent";
    if (status === "available") return;
    if (/failed|incompatible|inaccessible/.test(status)) throw new Error(`${id} is ${status}`);
    if (Date.now() > until) throw new Error(`${id} is ${status} after ${minutes} minutes`);
    await wait(pause, signal);
  }
}

const groups = (given: { VpcSecurityGroupId?: string | undefined }[] | undefined): string[] | undefined =>
  given?.flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []);

function endpointOf(
  endpoint: { Address?: string | undefined; Port?: number | undefined } | undefined,
  id: string,
) {
  if (!endpoint?.Address) throw new Error(`${id} has no endpoint yet`);
  return { address: endpoint.Address, port: endpoint.Port ?? 5432 };
}
