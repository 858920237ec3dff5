import type { MonitorResult } from "../../decisions/gate/monitor";
import { exitCodes, Failure } from "../shell/failure";

/** What of a verdict the report and the incident keep. */
export const figuresOf = ({ verdict, reasons, figures, phase }: MonitorResult) => ({
  phase,
  verdict,
  reasons,
  figures,
});

/** The release got no `promote`: it was bad, or there was too little to judge it by until the deadline. */
export class CanaryRejected extends Failure {
  constructor(
    readonly why: "bad" | "undecided",
    result: MonitorResult,
  ) {
    const { reasons, phase } = result;
    const what = phase === "bake" ? "The release went bad after its promotion" : "The canary is bad";
    super(
      exitCodes.rolledBack,
      why === "bad"
        ? `${what}: ${reasons.join(", ")}.`
        : `The canary was not promoted by its deadline: ${reasons.join(", ")}.`,
      { details: { ...figuresOf(result), verdict: why === "bad" ? "rollback" : "hold" } },
    );
  }
}
