/** The steps that exist. A deploy, a rollback and a person's own `pulumi up` are made of these, one an update. */
export type Step =
  | "migrate"
  | "first"
  | "load"
  | "canary"
  | "promote"
  | "validate"
  | "pause"
  | "open"
  | "empty-idle"
  | "rollback"
  | "downgrade";

/** What the stack before this one has proved. */
export interface PromotionSource {
  /** Whether this stack takes only what another stack validated (A4): `promotedFrom` is set. */
  requiresStaging: boolean;
  /** That stack, to name it in messages. Default `staging`. */
  promotedFrom?: string | undefined;
  /** Digest that it validated; "" or absent: none, or not known. */
  stagingValidated?: string | undefined;
  /** Revision -> SHA-256 of its file, as it took it down and up again; absent: not known. */
  stagingDowngraded?: ReadonlyMap<string, string> | undefined;
}

/** What is known besides the two releases. */
export interface TransitionFacts extends Omit<PromotionSource, "stagingDowngraded"> {
  /** Digests that may not get traffic. */
  refused: ReadonlySet<string>;
  /** By refused digest: who refused it, when, why, and for which incident. Absent: not known here. */
  whyRefused?: ReadonlyMap<string, string>;
  /** Digests whose validation passed on this stack at some time. */
  knownGood: ReadonlySet<string>;
  /** The gate's verdict; `serial` is the published serial under which the canary was judged. */
  verdict?: { digest: string; verdict: string; serial: number };
  /** A person's override; `check` is what {@link namesCheck} reads; valid for the step with `serial` only. */
  override?: { check: string; actor: string; reason: string; serial: number };
}

/** Whether an override names `check`: it is one id, or several separated by commas, with or without spaces. */
export const namesCheck = (override: string, check: string): boolean =>
  override.split(",").some((named) => named.trim() === check);

/** Checks of a transition that a person may override with a name and a reason. */
export const overridable = {
  /** A digest that the stack before this one did not validate. */
  staging: "staging-validated",
  /** A promotion without the gate's verdict. */
  gate: "gate",
  /** A release while the service's error budget is spent or burns fast. */
  budget: "budget",
  /** A release whose revision is not the database's, not proven by a slot and not known good. */
  revision: "revision",
  /** Opening traffic to a release that was never validated. */
  smoke: "smoke",
} as const;
