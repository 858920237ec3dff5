import { failed, passed, unread, type CheckResult } from "./checks/checkResult";
import { drillAge, type RecoveryFacts } from "./checks/recovery";
import { revisionChecks, type RevisionFacts } from "./checks/revisions";
import type { Release } from "../stack/config";
import { digest, liveDigest } from "../release/digest";
import { trafficWeights } from "../release/trafficWeights";
import { judgeService, type Objective, type ServiceWindows } from "../gate/errorBudget";
import { percent } from "../text/percent";
import { overridable, type PromotionSource } from "../release/transitionFacts";
import { describeLease, type Lease } from "../stack/lease";
import { slots, type Slot } from "../stack/names";
import { describeRefusal, type Refusal } from "../stack/parameters";
import type { ReleaseRecord } from "../release/releaseRecord";

/** One line of the checklist. */
export interface Check {
  /** What OVERRIDE= names. */
  id: string;
  /** What must hold. */
  title: string;
  ok: boolean;
  /** What was found. */
  detail: string;
  /** Row of the requirements that it serves. */
  row: string;
  /** Whether a person may override it with a name and a reason. */
  overridable: boolean;
  /** What to do; absent when ok. */
  next?: string;
}

/** What the checks go by. Whatever could not be read is undefined, and then the check is not ok. */
export interface ChecklistFacts extends Omit<PromotionSource, "stagingDowngraded"> {
  /** Version tag that is to be deployed. */
  version: string;
  /** Its record, where `releases/<version>.json` exists and is sound. */
  record?: ReleaseRecord | undefined;
  /** The release as applied. */
  current: Release;
  /** Digests of known-good updates of this stack. */
  knownGood: ReadonlySet<string>;
  refused?: ReadonlyMap<string, Omit<Refusal, "digest">> | undefined;
  /** Weights of the listener rule as they are, percent; both 0 while it answers the fixed 503. */
  liveWeights?: Record<Slot, number> | undefined;
  /** Release alarms with their state (OK, ALARM, INSUFFICIENT_DATA). */
  alarms?: readonly { name: string; state: string }[] | undefined;
  /** The service's requests and errors over the windows of its error budget. */
  service?: ServiceWindows | "unknown" | undefined;
  /** The objective that the budget belongs to. */
  slo: Objective;
  /** The revisions that the release brings, with their evidence. */
  revisions?: RevisionFacts;
  /** Lease of somebody else that is live; null: there is none; undefined: it could not be read. */
  otherLease?: Lease | null | undefined;
  /** What is known about recovery; absent: it could not be read. */
  recovery?: RecoveryFacts | undefined;
}

type CheckFunction = (facts: ChecklistFacts) => CheckResult;

const leaseFree: CheckFunction = ({ otherLease }) => {
  if (otherLease === undefined) return unread("the lease");
  if (otherLease)
    return failed(`held: ${describeLease(otherLease)}`, "Wait until it ends; `make status` shows it.");
  return passed("no other operation holds the stack");
};

const recordMatches: CheckFunction = ({ version, record, current }) => {
  if (!record)
    return failed(
      `releases/${version}.json is missing or not valid`,
      `Let the build write releases/${version}.json and commit it.`,
    );
  const wanted = digest(record.image);
  const clash = slots
    .map((slot) => current.slots[slot])
    .find((held) => held && (held.version === version) !== (digest(held.image) === wanted));
  if (clash)
    return failed(
      `a slot runs ${clash.version} as ${digest(clash.image)}, the record says ${version} is ${wanted}`,
      "A version tag names one image for good: build again under a new version.",
    );
  return passed(`${wanted}, needs revision ${record.revision}, built from ${record.commit}`);
};

const stagingValidated: CheckFunction = (facts) => {
  const { version, record, requiresStaging, promotedFrom = "staging", stagingValidated, knownGood } = facts;
  if (!requiresStaging) return passed("this stack is the first stage");
  const next = `Run \`make deploy VERSION=${version} STACK=${promotedFrom}\` first.`;
  if (!record) return failed("the digest is not known without a release record", next);
  const wanted = digest(record.image);
  if (knownGood.has(wanted)) return passed("known good on this stack already");
  if (stagingValidated === undefined)
    return failed(`${promotedFrom}'s output \`validated\` could not be read`, next);
  if (stagingValidated !== wanted)
    return failed(`${promotedFrom} validated ${stagingValidated || "nothing"}, this is ${wanted}`, next);
  return passed(`${promotedFrom} validated ${wanted}`);
};

const notRefused: CheckFunction = ({ record, refused }) => {
  if (!refused) return unread("the list of refused digests");
  if (!record)
    return failed("the digest is not known without a release record", "See the check `release-record`.");
  const found = refused.get(digest(record.image));
  if (found) return failed(describeRefusal(found), "Deploy a version in which that is corrected.");
  return passed("not on the list of refused digests");
};

const weightsEqualConfig: CheckFunction = ({ current, liveWeights }) => {
  if (!liveDigest(current)) return passed("nothing is published yet");
  if (!liveWeights) return unread("the listener rule", "the load balancer");
  const wanted = trafficWeights(current);
  const text = (share: Record<Slot, number>) => slots.map((slot) => `${slot} ${share[slot]}`).join(", ");
  if (slots.some((slot) => wanted[slot] !== liveWeights[slot]))
    return failed(
      `the rule has ${text(liveWeights)}, config says ${text(wanted)}`,
      "Find out who changed the listener rule, then run `pulumi up` on the unchanged file to put it back.",
    );
  return passed(text(wanted));
};

const noAlarmFiring: CheckFunction = ({ alarms }) => {
  if (!alarms) return unread("the alarms", "CloudWatch");
  const firing = alarms.filter((alarm) => alarm.state === "ALARM").map((alarm) => alarm.name);
  if (firing.length > 0)
    return failed(
      `firing: ${firing.join(", ")}`,
      "Find out why first: a canary cannot be told from a service that is bad already.",
    );
  return passed(`${alarms.length} release alarms, none firing`);
};

const budgetLeft: CheckFunction = ({ current, service = "unknown", slo }) => {
  if (!liveDigest(current)) return passed("nothing is published yet");
  const { ok, reasons, figures } = judgeService(service, slo);
  if (!ok)
    return failed(
      reasons.join(", "),
      service === "unknown"
        ? "Check the metric source (`metrics` in config), then run the command again."
        : "Make the service reliable first, or release the correction with OVERRIDE=budget.",
    );
  return passed(`${percent(figures.left ?? 0, 1)} of it is left, and it does not burn fast`);
};

const recoveryDrilled: CheckFunction = ({ recovery }) =>
  recovery ? drillAge(recovery) : unread("the drills");

/** A check on revisions; without the facts it is not ok. */
const onRevisions =
  (run: (facts: RevisionFacts) => CheckResult): CheckFunction =>
  ({ revisions }) =>
    revisions
      ? run(revisions)
      : failed(
          "the revisions could not be read",
          "See the check `release-record`, then run the command again.",
        );

type Row = Pick<Check, "id" | "title" | "row" | "overridable"> & { run: CheckFunction };

/** A check that nobody may override. */
const must = (id: string, row: string, title: string, run: CheckFunction): Row => {
  return { id, title, row, overridable: false, run };
};

/** A check that a person may override with a name and a reason. */
const should = (...row: Parameters<typeof must>): Row => ({ ...must(...row), overridable: true });

const checks: readonly Row[] = [
  must("lease-free", "A5", "No other operation holds the stack", leaseFree),
  must("release-record", "A4", "The version's record is sound", recordMatches),
  should(overridable.staging, "A4", "The stage before validated this digest", stagingValidated),
  must("not-refused", "A5", "The digest is not refused", notRefused),
  should("live-weights", "A4", "Traffic is where config says", weightsEqualConfig),
  should("release-alarms", "A5", "No release alarm is firing", noAlarmFiring),
  should(overridable.budget, "A6", "Error budget is left", budgetLeft),
  should("recovery-drill", "D2", "Point-in-time recovery was proven within a quarter", recoveryDrilled),
  ...revisionChecks.map(({ id, row, title, run }) => must(id, row, title, onRevisions(run))),
];

/** Every check that exists, in the order in which a person would ask. What is not known is not ok. */
export const checklist = (facts: ChecklistFacts): Check[] =>
  checks.map(({ run, ...check }) => ({ ...check, ...run(facts) }));
