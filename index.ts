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
import { rollbackVariable } from "./decisions/stack/names";
import { admitted } from "./program/admission";
import { existingListener } from "./program/published";
import { bothOrRefuse } from "./program/refusal";
import { stackSettings } from "./program/stackConfig";
import { readRevisionParents } from "./repository/database/revisionParents";
import { readJobRevisions } from "./repository/database/revisions";

/** Config -> components -> outputs. Whatever is wrong is said before anything is declared, so that nothing is touched. */
export = async () => {
  const stack = getStack();
  const settings = stackSettings();
  const { release } = settings;
  const [listener, published] = await bothOrRefuse(
    existingListener(settings.network.listenerArn),
    admitted(stack, settings),
  );

  const backups = new BackupSchedule("backups", { stack, settings });
  const revisions = readRevisionParents(process.cwd());
  const publishFlags = (after: Resource[]) =>
    new FeatureFlags("flags", { stack, settings, revisions, after });
  // A flag that needs a revision goes off before the database goes below it, and on only once the database is there.
  const flagsFirst = release.migration?.downgradeFrom === undefined ? undefined : publishFlags([]);
  const { reporting, application } = settings;
  const roles =
    reporting?.database === undefined
      ? undefined
      : new ReportingDatabase("database", { application: application.name, database: reporting.database });
  const isWayBack = process.env[rollbackVariable] !== undefined;
  const rolesFirst = isWayBack ? [] : (roles?.first ?? []);
  const records =
    release.migration &&
    reporting &&
    new ReportingSchema("reporting", {
      stack,
      settings,
      image: release.migration.image,
      after: rolesFirst,
    });
  const migration =
    release.migration &&
    new MigrationJob("migration", {
      stack,
      settings,
      migration: release.migration,
      revisions: readJobRevisions(process.cwd(), release.migration),
      after: [...(flagsFirst ? [flagsFirst] : []), ...rolesFirst, ...(records ? [records] : [])],
    });
  const migrated = migration ? [migration.job] : [];
  const flags = flagsFirst ?? publishFlags(migrated);
  if (records) roles?.grantRecords([records]);
  const canary = new CanaryRelease("release", { stack, settings, after: migrated });
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
  const comms = new Communication("comms", { stack, settings });
  const handedOver = new OutboxQueue("handed-over", { stack, settings });
  const guard = publishProtection(stack, settings, backups);
  const everything: Resource[] = [
    backups,
    canary,
    flags,
    alarms,
    comms,
    handedOver,
    guard,
    ...(migration ? [migration] : []),
    ...backfills,
    ...(records ? [records] : []),
    ...(roles && !isWayBack ? [roles] : []),
  ];
  publishRelease({ stack, release, after: everything });

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
