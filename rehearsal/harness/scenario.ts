import type { Context } from "./context";

/** One thing that is shown on the real engine. It starts from a validated release and leaves one. */
export interface Scenario {
  /** As SCENARIO= names it. */
  name: string;
  /** One sentence of what it proves. */
  proves: string;
  /** Part of the default run. */
  usual: boolean;
  /** Shows it, or throws with what did not hold. */
  run(context: Context): Promise<Figures>;
}

export type Figures = Record<string, number | string | string[]>;
