import type { Context } from "./context";

/** Proves one thing on the real engine. It starts from a validated release and leaves one. */
export interface Scenario {
  /** As SCENARIO= names it. */
  name: string;
  /** One sentence of what it proves. */
  proves: string;
  /** Whether it is part of the default run. */
  usual: boolean;
  /** Runs it; throws an error that names what did not hold. */
  run(context: Context): Promise<Figures>;
}

export type Figures = Record<string, number | string | string[]>;
