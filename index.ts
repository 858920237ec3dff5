import "./program/quickStart";
import { type Resource, getStack } from "@pulumi/pulumi";
import { BackfillJob } from "./components/backfillJob";
import { BackupSchedule } from "./components/backupSchedule";
import { CanaryRelease } from "./components/canaryRelease";
import { Communication } from "./components/communication";
import { FeatureFlags } from "./components/featureFlags";
import { HandOverQueue } from "./components/handOverQueue";
import { MigrationJob } from "./components/migrationJob";
import { publishGuard } from "./components/publishedGuard";
import { publishRelease } from "./components/publishedRelease";
import { ReportingDatabase } from "./components/reportingDatabase";
import { ReportingSchema } from "./components/reportingSchema";
import { ReleaseAlarms } from "./components/releaseAlarms";
import { dueBackfills } from "./decisions/backfills";
import { downgradesOutput, writeDowngrades } from "./decisions/downgrades";
import { wayBackVariable } from "./decisions/names";
import { admitted } from "./program/admission";
import { existingListener } from "./program/published";
import { bothOrRefuse } from "./program/refusal";
import { stackSettings } from "./program/stackConfig";
import { readRevisionParents } from "./records/revisionParents";
import { readJobRevisions } from "./records/revisions";

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
  const isWayBack = process.env[wayBackVariable] !== undefined;
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
  const handedOver = new HandOverQueue("handed-over", { stack, settings });
  const guard = publishGuard(stack, settings, backups);
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
