import type { Properties } from "./propertyValues";

/** A policy before the runtime gets it: texts for people, settings, and a pure check. */

export type Area = "recovery" | "traffic" | "release" | "alarms" | "flags" | "approval";
export type Severity = "low" | "medium" | "high" | "critical";

/** One setting of a policy, JSON schema. `default` makes it optional. */
export interface Setting<Value = unknown> {
  type: "integer" | "boolean" | "array";
  description: string;
  default: Value;
  minimum?: number;
  maximum?: number;
  items?: { type: "string" };
}

export const integerSetting = (
  description: string,
  byDefault: number,
  [minimum, maximum]: [number, number],
): Setting<number> => ({ type: "integer", description, default: byDefault, minimum, maximum });

export const booleanSetting = (description: string, byDefault: boolean): Setting<boolean> => ({
  type: "boolean",
  description,
  default: byDefault,
});

export const textsSetting = (description: string, byDefault: string[] = []): Setting<string[]> => ({
  type: "array",
  items: { type: "string" },
  description,
  default: byDefault,
});

/** A resource as a policy sees it. */
export interface Declared {
  type: string;
  /** Logical name. */
  name: string;
  urn: string;
  /** Inputs, for a rule about one resource; outputs, which hold the inputs, for a rule about the stack. */
  properties: Properties;
  protect: boolean;
  /** By property: URNs of the resources whose outputs it was made from. Empty in a rule about one resource. */
  references: Readonly<Record<string, readonly string[]>>;
}

/** A violation: what was found where, what is required, how to fix it. */
export interface Violation {
  /** Path of the property; absent if it is about the whole resource. */
  at?: string;
  found: string;
  required: string;
  fix: string;
}

/** Reports that a resource breaks a rule; `undefined` stands for the stack as a whole. */
export type ReportViolation = (resource: Declared | undefined, violation: Violation) => void;

/** What a check may ask besides the resources. */
export interface PolicyContext {
  now: Date;
  /** Name of the stack. */
  stack: string;
  /** Whether this is only a preview. */
  isPreview: boolean;
  /** The stack's config, key with namespace to text. */
  config: Readonly<Record<string, string>>;
  /** Folder of the project, with its revisions and its evidence. */
  root: string;
  /** Reads the stack's parameters as they are now, path to value. */
  parameters: () => Promise<ReadonlyMap<string, string>>;
  /** Loads the module that reads config, evidence and parameters; only rules that need it pay for it. */
  liveState: () => LiveState;
}

/** What the stack's config, parameters and evidence say right now; policies/approval/liveState.ts reads it. */
export interface LiveState {
  /** Why an irreversible change may not run now. @param isLock whether it is about the vault's lock, or about all others */
  irreversibleReasons(context: PolicyContext, isLock: boolean): Promise<string[]>;
  /** Why the revisions of a migration may not be applied. */
  revisionReasons(context: PolicyContext): Promise<string[]>;
  /** Why a release may not have the traffic that the stack's config gives it. */
  refusedReasons(context: PolicyContext): Promise<string[]>;
}

interface Texts {
  /** Kebab case, noun and wanted state. */
  id: string;
  area: Area;
  severity: Severity;
  /** One sentence: what is required. */
  description: string;
  /** What happens without it. */
  why: string;
  /** How to fix a violation. */
  remedy: string;
  /** Rows of the requirements. */
  rows: readonly string[];
  settings?: Readonly<Record<string, Setting>>;
  /** Level without a policy config file. Default: mandatory. */
  level?: "advisory";
  /** Whether a preview only reports a violation, because the requirement holds for the time of the update. */
  isAdvisoryInPreview?: true;
}

/** Judges one resource, before it is created or changed. */
export interface ResourceRule<Settings = never> extends Texts {
  types: readonly string[];
  check(
    resource: Declared,
    report: ReportViolation,
    settings: Settings,
    context: PolicyContext,
  ): void | Promise<void>;
}

/** Judges all resources together: a preview before anything changes, an update afterwards. */
export interface StackRule<Settings = never> extends Texts {
  checkStack(
    resources: readonly Declared[],
    report: ReportViolation,
    settings: Settings,
    context: PolicyContext,
  ): void | Promise<void>;
}

export type Rule = ResourceRule | StackRule;

/** What declares the values `Settings`. */
interface Declaring<Settings> {
  settings?: { readonly [Name in keyof Settings]: Setting<Settings[Name]> };
}

/** A rule about one resource; its check gets the values of the settings that it declares. */
export const resourceRule = <Settings = object>(rule: ResourceRule<Settings> & Declaring<Settings>): Rule =>
  rule;

/** A rule about the whole stack. */
export const stackRule = <Settings = object>(rule: StackRule<Settings> & Declaring<Settings>): Rule => rule;

/** A violation as one sentence. */
export const sentence = (subject: string, { at, found, required, fix }: Violation): string =>
  `${subject}${at === undefined ? "" : `, ${at}`}: found ${found}; required: ${required}. ${fix}`;
