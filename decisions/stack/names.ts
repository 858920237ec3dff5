/** Names that the program, the commands and the application agree on. Pure data: every other file takes them from here. */

/** The two full copies of web and workers; one of them is live. */
export const slots = ["blue", "green"] as const;
export type Slot = (typeof slots)[number];

/** The slot that is not `slot`. */
export const other = (slot: Slot): Slot => (slot === "blue" ? "green" : "blue");

/** Header by which a request asks for one slot, whatever the weights are: the test rules match it. */
export const slotHeader = "X-Release-Slot";

/** Header on every answer of the application: the image digest that answered (`sha256:…`). */
export const releaseHeader = "X-Release";

/** Body of the fixed 503 that the listener rule answers while traffic is paused; by it a pause is told from a failure. */
export const pausedBody =
  '{"status":"paused","detail":"This service is paused for a few minutes. Please try again."}';

/** Root of a stack's parameters in SSM Parameter Store, with the trailing slash. */
export const parameterRoot = (stack: string): string => `/deployment-safety/${stack}/`;

/** Paths of a stack's parameters, below which everything that is not in stack config or history lives. */
export const parameters = {
  /** The release as applied, JSON, written last of all in an `up`. */
  release: (stack: string) => `${parameterRoot(stack)}release`,
  /** One published flag in flagd's format, JSON. */
  flag: (stack: string, name: string) => `${parameterRoot(stack)}flags/${name}`,
  /** One refused digest, JSON `{ digest, reason, actor, incident?, at }`; `hex` is the digest without `sha256:`. */
  refused: (stack: string, hex: string) => `${parameterRoot(stack)}refused/${hex}`,
  /** JSON `{ flags: "off", workers: Slot[], reason, at }`: while it exists risky flags are off and these slots' workers stop. */
  killSwitch: (stack: string) => `${parameterRoot(stack)}kill-switch`,
  /** Number and hash of the newest event of the audit trail, JSON. */
  auditHead: (stack: string) => `${parameterRoot(stack)}audit/head`,
  /** One open incident, JSON, by the hash of its cause: creating it without overwriting makes the same cause one incident. */
  incident: (stack: string, causeKey: string) => `${parameterRoot(stack)}audit/incident/${causeKey}`,
  /** What the newest update left in force against irreversible changes, JSON; written by the program. */
  guard: (stack: string) => `${parameterRoot(stack)}guard`,
  /** The lease of the operation under way, JSON. */
  lease: (stack: string) => `${parameterRoot(stack)}lease`,
  /** What the gate knows of the canary or the bake under way, JSON; gone when that has ended. */
  gate: (stack: string) => `${parameterRoot(stack)}gate`,
  /** The lease of a drill or a restore, JSON: they may last hours and must not hold up a release. */
  recoveryLease: (stack: string) => `${parameterRoot(stack)}recovery-lease`,
  /** Evidence about operation (a gate's verdict, an override, a drill), JSON, valid for one serial where it says so. */
  evidence: (stack: string, kind: string, subject: string) =>
    `${parameterRoot(stack)}evidence/${kind}/${subject}`,
};

/** Environment variable by which a command hands its lease's id to the program that it runs. */
export const leaseVariable = "DEPLOYMENT_SAFETY_LEASE";

/**
 * Environment variable by which a command tells the program that its update is part of a rollback: the update leaves the
 * database's roles out, so nothing may depend on them then (docs/adr/0018).
 */
export const rollbackVariable = "DEPLOYMENT_SAFETY_WAY_BACK";

/** How every refusal by the program begins. The engine passes on only text, so this tells a refusal from a failure. */
export const refusalMark = "Refused: ";

/** Kubernetes names of a slot's objects; a TargetGroupBinding has the name of its web Service. */
export const objects = {
  web: (slot: Slot) => `web-${slot}`,
  workers: (slot: Slot) => `workers-${slot}`,
};

/** Pod labels by which metrics, the drain and people tell slots and releases apart. */
export const labels = {
  app: "app.kubernetes.io/name",
  component: "app.kubernetes.io/component",
  slot: "deployment-safety/slot",
};

/** Pod condition that the AWS Load Balancer Controller sets once the pod's target is healthy in the bound target group. */
export const targetHealthGate = (binding: string): string => `target-health.elbv2.k8s.aws/${binding}`;
