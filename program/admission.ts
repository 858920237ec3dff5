import { admit } from "../decisions/release/admission";
import type { Release, Settings } from "../decisions/stack/config";
import { describeHint } from "../decisions/text/commandHint";
import { leaseVariable, refusalMark } from "../decisions/stack/names";
import { type Published, transitionFacts, readParameters } from "../decisions/stack/parameters";
import { readDowngradeIssues } from "../repository/database/revisionsBetween";
import { irreversibleRefusals } from "../repository/approval/irreversible";
import { revisionIssues } from "../repository/database/revisionIssues";
import { here } from "../repository/stack/process";
import { earlierStage, publishedParameters } from "./published";
import { messageOf, refusal } from "./refusal";

/**
 * Lets the program continue only if the stack file's release is the published one or a legal step away from it, nobody else's
 * operation is running, and every irreversible change may run now.
 * @returns the stack's parameters as they were before this update
 * @throws RunError that starts with "Refused: " and lists every reason.
 */
export async function admitted(stack: string, settings: Settings): Promise<Published> {
  const { release: next, promotedFrom } = settings;
  const published = read(stack, await publishedParameters(stack));
  // With the published serial there is no step, so there is nothing for the earlier stage to allow.
  const isStep = published.release?.serial !== next.serial;
  const stage = isStep && promotedFrom !== undefined ? await earlierStage(promotedFrom) : undefined;
  const admission = admit({
    published: published.release,
    next,
    facts: transitionFacts(published, next, {
      requiresStaging: promotedFrom !== undefined,
      promotedFrom,
      stagingValidated: stage?.validated,
    }),
    lease: published.lease,
    holds: {
      published: published.held,
      releases: published.holdReleases,
      serial: published.release?.serial,
      flags: settings.flags,
      heldFlags: settings.heldFlags,
    },
    ownLease: process.env[leaseVariable],
    now: new Date(),
    here,
  });
  const reasons = [
    ...(admission.ok ? [] : admission.reasons),
    ...irreversibleRefusals({ root: process.cwd(), stack, settings, published }, new Date()).map(
      ({ text }) => text,
    ),
    ...(isStep ? downgradeReasons(stack, settings, published.release) : []),
    ...(isStep ? revisionIssues(process.cwd(), settings, published.release, stage) : []),
  ];
  if (reasons.length === 0) return published;
  throw refusal(
    [
      `${refusalMark}the release in Pulumi.${stack}.yaml cannot be applied; nothing was changed:`,
      ...reasons.map((reason) => `  - ${reason}`),
    ].join("\n"),
  );
}

/** A downgrade written into the stack file by hand must meet the requirements of `make downgrade`. */
function downgradeReasons(stack: string, settings: Settings, published: Release | undefined): string[] {
  const { migration } = settings.release;
  const from = published?.migration?.revision;
  if (migration?.downgradeFrom === undefined || from === undefined || from === migration.revision) return [];
  const loss = new Map(Object.entries(migration.approvedLoss ?? {}));
  return readDowngradeIssues(process.cwd(), settings, from, migration.revision, loss).map(
    ({ text, next }) => `${text}. Next: ${describeHint(stack, next)}`,
  );
}

function read(stack: string, values: ReadonlyMap<string, string>): Published {
  try {
    return readParameters(stack, values);
  } catch (error) {
    throw refusal(messageOf(error), error);
  }
}
