import type { Objective, ServiceWindows } from "../gate/errorBudget";
import type { Published } from "../stack/parameters";
import type { Proof } from "./evidenceInReport";
import type { AuditRow } from "./timeline";
import type { TrafficSeries } from "./trafficSeries";
import type { UpdateRange, ReportUpdate } from "./updates";

/** What a report is about, and all that it is made from. */

/** Something that could not be read, and why. */
export interface Unknown {
  unknown: string;
}

/** Whether something could not be read. */
export const isUnknown = (value: object): value is Unknown => "unknown" in value;

/** What a report is about. */
export type Subject =
  | { version: string }
  | { incident: string; title: string; entries: readonly { at: string; state: string }[] };

/** What a report is about and the time that it shows: known before anything is measured. */
export interface TimeRange {
  subject: Subject;
  updateRange: UpdateRange;
  /** Milliseconds since 1970, with some time before and after. */
  from: number;
  to: number;
  /** Every update of history, the oldest first. */
  all: ReportUpdate[];
}

/** All that a report is built from. */
export interface ReportInput {
  stack: string;
  /** IANA time zone in which people read times. */
  zone: string;
  range: TimeRange;
  slo: Objective & { latencyMs: number };
  series: TrafficSeries | Unknown;
  service: ServiceWindows | Unknown;
  published: Published | Unknown;
  events: readonly AuditRow[] | Unknown;
  proofs: readonly Proof[];
  /** Digest that the stack before this one validated; absent: there is none, or it is not known. */
  stagingValidated?: string;
}
