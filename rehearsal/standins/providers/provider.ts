/** What a stand-in for one Pulumi provider has to offer; `host.ts` speaks the protocol for it. */
import type { Change } from "./diff";
import type { Props } from "./wire";

/** The resource that a call is about, and what the provider may use while it works. */
export interface Call {
  /** The resource's name in the program. */
  name: string;
  /** Type token, `aws:sns/topic:Topic`. */
  type: string;
  /** Configuration of the provider instance; complex values are JSON text. */
  config: Readonly<Record<string, string>>;
  /** Limit from the resource's customTimeouts, in seconds; 0 means the provider's own default. */
  timeoutSeconds: number;
  /** Aborted when the engine cancels or goes away. */
  signal: AbortSignal;
  /** Shows a passing message beside the resource. */
  status: (message: string) => void;
}

export interface Failure {
  property: string;
  reason: string;
}

export interface State {
  id: string;
  outputs: Props;
}

/** `replaces` are the paths whose change cannot be made in place. */
export interface Replacement {
  replaces: string[];
  deleteBeforeReplace: boolean;
}

/** Each function may throw; the message reaches the user as it is. `check`, `replacement` and `preview` change nothing. */
export interface Provider {
  /** Version of the Node SDK, for the engine warns when they differ. */
  version: string;
  /** Completes the inputs (names) and reports all their faults. `seed` makes automatic names the same in preview and update. */
  check(
    call: Call,
    inputs: Props,
    old: Props | undefined,
    seed: Uint8Array,
  ): { inputs: Props; failures: Failure[] };
  replacement(call: Call, changes: Change[], old: Props, inputs: Props): Replacement | Promise<Replacement>;
  /** Outputs of a resource that a preview would create. */
  preview(call: Call, inputs: Props): Props;
  create(call: Call, inputs: Props): Promise<State>;
  /** undefined when it is gone. */
  read(
    call: Call,
    id: string,
    old: Props,
    oldInputs: Props,
  ): Promise<(State & { inputs: Props }) | undefined>;
  update(call: Call, id: string, inputs: Props, old: Props): Promise<Props>;
  remove(call: Call, id: string, old: Props): Promise<void>;
  invoke(call: Call, token: string, args: Props): Promise<object>;
}
