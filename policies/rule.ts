import type { Properties } from "./propertyValues";

/** What a policy is, before it is handed to the policy runtime: text for people, settings, and a pure check. */

export type Area = "backups" | "release" | "alarms" | "flags" | "change";
export type Severity = "low" | "medium" | "high" | "critical";

/** One setting of a policy, JSON schema. `default` makes it optional. */
export interface Setting {
  type: "integer" | "number" | "string" | "boolean" | "array";
  description: string;
  default: unknown;
  minimum?: number;
  maximum?: number;
  items?: { type: "string" };
}

/** A resource as a policy sees it. */
export interface Declared {
  type: string;
  /** Logical name. */
  name: string;
  urn: string;
  /** Inputs, for a rule about one resource; outputs, which hold the inputs, for a rule about the stack. */
  properties: Properties;
  protect: boolean;
  /** URNs of the resources whose outputs a property was made from, by property; only in a rule about the stack. */
  references: Readonly<Record<string, readonly string[]>>;
}

/** A violation: what was found where, what is required, how to mend it. */
export interface Violation {
  /** Path of the property; absent if it is about the whole resource. */
  at?: string;
  found: string;
  required: string;
  fix: string;
}

/** Says that a rule is broken. */
export type ReportViolation = (violation: Violation, resource?: Declared) => void;

/** What the engine tells besides the resources. */
export interface PolicyContext {
  now: Date;
  /** Name of the stack. */
  stack: string;
  /** Whether nothing is going to be changed. */
  isPreview: boolean;
  /** The stack's config, key with namespace to text. */
  config: Readonly<Record<string, string>>;
  /** Folder of the project: its revisions and its evidence are there. */
  root: string;
  /** Reads the stack's parameters, path to value, as they are now. */
  parameters: () => Promise<ReadonlyMap<string, string>>;
  /** What reads config, evidence and parameters; loaded only where there is something to ask. */
  liveState: () => LiveState;
}

/** What the stack's config, parameters and evidence say at the hour of the question; policies/approval/liveState.ts reads it. */
export interface LiveState {
  /** Why an irreversible change may not run now; `isLock`: the vault's lock is asked about, else everything besides. */
  irreversibleReasons(situation: PolicyContext, isLock: boolean): Promise<string[]>;
  /** Why the revisions that a migration brings may not be applied. */
  revisionReasons(situation: PolicyContext): Promise<string[]>;
  /** Why a release of the stack's config may not have the traffic that it has there. */
  refusedReasons(situation: PolicyContext): Promise<string[]>;
}

interface Texts {
  /** Kebab case, noun and wanted state. */
  id: string;
  area: Area;
  severity: Severity;
  /** One sentence: what must be. */
  description: string;
  /** What happens without it. */
  why: string;
  /** How to mend a violation. */
  remedy: string;
  /** Rows of the requirements. */
  rows: readonly string[];
  settings?: Readonly<Record<string, Setting>>;
  /** Level without a policy config file. Default: mandatory. */
  level?: "advisory";
  /** Whether a preview only reports a violation, because what is required has to be so at the hour of the update. */
  isAdvisoryInPreview?: true;
}

/** Decided from one resource, before it is created or changed. */
export interface ResourceRule<Settings = never> extends Texts {
  types: readonly string[];
  check(
    resource: Declared,
    report: ReportViolation,
    settings: Settings,
    situation: PolicyContext,
  ): void | Promise<void>;
}

/** Decided from all resources: in a preview before, in an update after they are changed. */
export interface StackRule<Settings = never> extends Texts {
  checkStack(
    resources: readonly Declared[],
    report: ReportViolation,
    settings: Settings,
    situation: PolicyContext,
  ): void | Promise<void>;
}

export type Rule = ResourceRule | StackRule;

/** A rule about one resource; `Settings` are the values of its settings. */
export const resourceRule = <Settings = object>(rule: ResourceRule<Settings>): Rule => rule;

/** A rule about the whole stack. */
export const stackRule = <Settings = object>(rule: StackRule<Settings>): Rule => rule;

/** A violation as one text. */
export const sentence = (subject: string, { at, found, required, fix }: Violation): string =>
  `${subject}${at === undefined ? "" : `, ${at}`}: found ${found}; required: ${required}. ${fix}`;
