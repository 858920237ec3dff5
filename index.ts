import "./program/quickStart";
import { type Resource, getStack } from "@pulumi/pulumi";
import { BackfillJob } from "./components/database/backfillJob";
import { BackupSchedule } from "./components/recovery/backupSchedule";
import { CanaryRelease } from "./components/release/canaryRelease";
import { Communication } from "./components/incident/communication";
import { FeatureFlags } from "./components/flags/featureFlags";
import { OutboxQueue } from "./components/audit/outboxQueue";
import { MigrationJob } from "./components/database/migrationJob";
import { publishProtection } from "./components/approval/publishedProtection";
import { publishRelease } from "./components/release/publishedRelease";
import { ReportingDatabase } from "./components/audit/reportingDatabase";
import { ReportingSchema } from "./components/audit/reportingSchema";
import { ReleaseAlarms } from "./components/alarms/releaseAlarms";
import { dueBackfills } from "./decisions/database/backfills";
import { downgradesOutput, writeDowngrades } from "./decisions/database/downgrades";
import type { Settings } from "./decisions/stack/config";
import { rollbackVariable } from "./decisions/stack/names";
import { admitted } from "./program/admission";
import { existingListener } from "./program/published";
import { bothOrRefuse } from "./program/refusal";
import { stackSettings } from "./program/stackConfig";
import { readRevisionFiles } from "./repository/database/revisionFiles";
import { readJobRevisions } from "./repository/database/revisions";

/** Config -> components -> outputs. Everything wrong is reported before anything is declared, so that nothing is touched. */
export = async () => {
  const stack = getStack();
  const settings = stackSettings();
  const { release } = settings;
  const [listener, published] = await bothOrRefuse(
    existingListener(settings.network.listenerArn),
    admitted(stack, settings),
  );

  const backups = new BackupSchedule("backups", { stack, settings });
  const revisions = readRevisionFiles(process.cwd()).graph;
  const publishFlags = (after: Resource[]) =>
    new FeatureFlags("flags", { stack, settings, revisions, after });
  // A flag that needs a revision goes off before a downgrade, and on only after an upgrade.
  const flagsFirst = release.migration?.downgradeFrom === undefined ? [] : [publishFlags([])];
  const database = declareDatabase(stack, settings, flagsFirst);
  const flags = flagsFirst[0] ?? publishFlags(database.migrated);
  const canary = new CanaryRelease("release", { stack, settings, after: database.migrated });
  const alarms = new ReleaseAlarms("alarms", {
    stack,
    settings,
    loadBalancerArn: listener.loadBalancerArn,
    targetGroupArns: canary.targetGroupArns,
  });
  const backfills = dueBackfills(settings, revisions).map(
    (backfill) =>
      new BackfillJob(`backfill-${backfill.name}`, { stack, settings, backfill, after: [canary, flags] }),
  );
  const communication = new Communication("comms", { stack, settings });
  const outbox = new OutboxQueue("handed-over", { stack, settings });
  const protection = publishProtection(stack, settings, backups);
  publishRelease({
    stack,
    release,
    after: [
      backups,
      canary,
      flags,
      alarms,
      communication,
      outbox,
      protection,
      ...database.components,
      ...backfills,
    ],
  });

  return {
    validated: release.validated ?? "",
    [downgradesOutput]: writeDowngrades(published.downgrades),
    release,
    listenerRuleArn: canary.listenerRuleArn,
    targetGroupArns: canary.targetGroupArns,
    alarmTopicArn: alarms.topicArn,
    url: settings.network.url,
  };
};

/** The part of the stack that changes the database: roles, the records' schema, and the release's migration. */
interface Database {
  /** What a release waits for before its pods start: the migration's Job. */
  migrated: Resource[];
  /** What must be there before the release counts as applied. */
  components: Resource[];
}

function declareDatabase(stack: string, settings: Settings, flagsFirst: Resource[]): Database {
  const { application, reporting, release } = settings;
  const { migration } = release;
  const roles =
    reporting?.database === undefined
      ? undefined
      : new ReportingDatabase("database", { application: application.name, database: reporting.database });
  // A rollback leaves the roles out and so must not wait for them: ReportingSchema says why.
  const isRollback = process.env[rollbackVariable] !== undefined;
  const rolesFirst = isRollback ? [] : (roles?.first ?? []);
  const records =
    migration &&
    reporting &&
    new ReportingSchema("reporting", { stack, settings, image: migration.image, after: rolesFirst });
  const job =
    migration &&
    new MigrationJob("migration", {
      stack,
      settings,
      migration,
      revisions: readJobRevisions(process.cwd(), migration),
      after: [...flagsFirst, ...rolesFirst, ...(records ? [records] : [])],
    });
  if (records) roles?.grantRecords([records]);
  const components = [job, records, isRollback ? undefined : roles];
  return { migrated: job ? [job.job] : [], components: components.filter((one) => one !== undefined) };
}
