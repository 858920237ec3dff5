import { drillAge, type RecoveryFacts } from "./checks/recovery";
import { revisionChecks, type RevisionFacts } from "./checks/revisions";
import type { Release } from "../stack/config";
import { digest, liveDigest } from "../release/digest";
import { trafficWeights } from "../release/trafficWeights";
import { judgeService, type Objective, type ServiceWindows } from "../gate/errorBudget";
import { overridable } from "../release/transitionFacts";
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

/** What the checks look at. Whatever could not be read is undefined, and then the check is not ok. */
export interface ChecklistFacts {
  /** Version tag that is to be deployed. */
  version: string;
  /** Its record, where `releases/<version>.json` exists and is sound. */
  record?: ReleaseRecord;
  /** The release as applied. */
  current: Release;
  requiresStaging: boolean;
  /** Digest that staging validated, "" none. */
  stagingValidated?: string;
  /** Digests of known-good updates of this stack. */
  knownGood: ReadonlySet<string>;
  refused?: ReadonlyMap<string, Omit<Refusal, "digest">>;
  /** Weights of the listener rule as they are, percent; both 0 while it answers the fixed 503. */
  liveWeights?: Record<Slot, number>;
  /** Release alarms with their state (OK, ALARM, INSUFFICIENT_DATA). */
  alarms?: readonly { name: string; state: string }[];
  /** The service's requests and errors over the windows of its error budget. */
  service?: ServiceWindows | "unknown";
  /** The objective that the budget belongs to. */
  slo: Objective;
  /** The revisions that the release brings, with their evidence. */
  revisions?: RevisionFacts;
  /** Lease of somebody else that is live; null: there is none; undefined: it could not be read. */
  otherLease?: Lease | null;
  /** What is known about recovery; absent: it could not be read. */
  recovery?: RecoveryFacts;
}

type Outcome = { ok: true; detail: string } | { ok: false; detail: string; next: string };
type Look = (facts: ChecklistFacts) => Outcome;

const passed = (detail: string): Outcome => ({ ok: true, detail });
const failed = (detail: string, next: string): Outcome => ({ ok: false, detail, next });

const leaseFree: Look = ({ otherLease }) => {
  if (otherLease === undefined)
    return failed(
      "the lease could not be read",
      "Check the access to SSM Parameter Store, then run the command again.",
    );
  if (otherLease)
    return failed(`held: ${describeLease(otherLease)}`, "Wait until it ends; `make status` shows it.");
  return passed("no other operation holds the stack");
};

const recordMatches: Look = ({ version, record, current }) => {
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

const stagingValidated: Look = ({ version, record, requiresStaging, stagingValidated, knownGood }) => {
  if (!requiresStaging) return passed("this stack is the first stage");
  const next = `Run \`make deploy VERSION=${version} STACK=staging\` first.`;
  if (!record) return failed("the digest is not known without a release record", next);
  const wanted = digest(record.image);
  if (knownGood.has(wanted)) return passed("known good on this stack already");
  if (stagingValidated === undefined) return failed("staging's output `validated` could not be read", next);
  if (stagingValidated !== wanted)
    return failed(`staging validated ${stagingValidated || "nothing"}, this is ${wanted}`, next);
  return passed(`staging validated ${wanted}`);
};

const notRefused: Look = ({ record, refused }) => {
  if (!refused)
    return failed(
      "the list of refused digests could not be read",
      "Check the access to SSM Parameter Store, then run the command again.",
    );
  if (!record)
    return failed("the digest is not known without a release record", "See the check `release-record`.");
  const found = refused.get(digest(record.image));
  if (found) return failed(describeRefusal(found), "Deploy a version with the fault corrected.");
  return passed("not on the list of refused digests");
};

const weightsEqualConfig: Look = ({ current, liveWeights }) => {
  const next =
    "Find out who changed the listener rule, then run `pulumi up` on the unchanged file to put it back.";
  if (!liveDigest(current)) return passed("nothing is published yet");
  if (!liveWeights)
    return failed(
      "the listener rule could not be read",
      "Check the access to the load balancer, then run the command again.",
    );
  const wanted = trafficWeights(current);
  const text = (share: Record<Slot, number>) => slots.map((slot) => `${slot} ${share[slot]}`).join(", ");
  if (slots.some((slot) => wanted[slot] !== liveWeights[slot]))
    return failed(`the rule has ${text(liveWeights)}, config says ${text(wanted)}`, next);
  return passed(text(wanted));
};

const noAlarmFiring: Look = ({ alarms }) => {
  if (!alarms)
    return failed(
      "the alarms could not be read",
      "Check the access to CloudWatch, then run the command again.",
    );
  const firing = alarms.filter((alarm) => alarm.state === "ALARM").map((alarm) => alarm.name);
  if (firing.length > 0)
    return failed(
      `firing: ${firing.join(", ")}`,
      "Find out why first: a canary cannot be told from a service that is bad already.",
    );
  return passed(`${alarms.length} release alarms, none firing`);
};

const budgetLeft: Look = ({ current, service = "unknown", slo }) => {
  if (!liveDigest(current)) return passed("nothing is published yet");
  const { ok, reasons, figures } = judgeService(service, slo);
  if (!ok)
    return failed(
      reasons.join(", "),
      service === "unknown"
        ? "Check the metric source (`metrics` in config), then run the command again."
        : "Make the service reliable first, or release the correction with OVERRIDE=budget.",
    );
  return passed(`${(100 * (figures.left ?? 0)).toFixed(1)} % of it is left, and it does not burn fast`);
};
/** A check on revisions; without the facts it is not ok. */
const onRevisions =
  (look: (facts: RevisionFacts) => Outcome): Look =>
  ({ revisions }) =>
    revisions
      ? look(revisions)
      : failed(
          "the revisions could not be read",
          "See the check `release-record`, then run the command again.",
        );

const recoveryDrilled: Look = ({ recovery }) =>
  recovery
    ? drillAge(recovery)
    : failed(
        "the drills could not be read",
        "Check the access to SSM Parameter Store, then run the command again.",
      );

const checks: { id: string; title: string; row: string; overridable: boolean; look: Look }[] = [
  {
    id: "lease-free",
    title: "No other operation holds the stack",
    row: "A5",
    overridable: false,
    look: leaseFree,
  },
  {
    id: "release-record",
    title: "The version's record is sound",
    row: "A4",
    overridable: false,
    look: recordMatches,
  },
  {
    id: overridable.staging,
    title: "The stage before validated this digest",
    row: "A4",
    overridable: true,
    look: stagingValidated,
  },
  { id: "not-refused", title: "The digest is not refused", row: "A5", overridable: false, look: notRefused },
  {
    id: "live-weights",
    title: "Traffic is where config says",
    row: "A4",
    overridable: true,
    look: weightsEqualConfig,
  },
  {
    id: "release-alarms",
    title: "No release alarm is firing",
    row: "A5",
    overridable: true,
    look: noAlarmFiring,
  },
  {
    id: overridable.budget,
    title: "Error budget is left",
    row: "A6",
    overridable: true,
    look: budgetLeft,
  },
  {
    id: "recovery-drill",
    title: "Point-in-time recovery was proven within a quarter",
    row: "D2",
    overridable: true,
    look: recoveryDrilled,
  },
  ...revisionChecks.map((check) => ({ ...check, overridable: false, look: onRevisions(check.look) })),
];

/** Every check that exists, in the order in which a person would ask. What is not known is not ok. */
export function checklist(facts: ChecklistFacts): Check[] {
  return checks.map(({ look, ...check }) => ({ ...check, ...look(facts) }));
}
