import type { V1Probe } from "@kubernetes/client-node";
import { get } from "node:http";

/** The three probes of a container. */
export type ProbeKind = "startup" | "liveness" | "readiness";

/** What a probe has found so far. */
export interface ProbeState {
  result: "unknown" | "success" | "failure";
  /** The newest outcome and how often it came in a row. */
  last?: boolean;
  run: number;
}

/** Until the first verdict a container is taken to be alive, not ready, and not known to have started. */
export function firstState(kind: ProbeKind): ProbeState {
  return {
    result: ({ startup: "unknown", liveness: "success", readiness: "failure" } as const)[kind],
    run: 0,
  };
}

/** The state after one more outcome: the result changes once as many equal outcomes in a row as the threshold came. */
export function advance(state: ProbeState, outcome: boolean, probe: V1Probe): ProbeState {
  const run = state.last === outcome ? state.run + 1 : 1;
  const threshold = outcome ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  return { result: run < threshold ? state.result : outcome ? "success" : "failure", last: outcome, run };
}

/**
 * Seconds before a container starts again after it has ended for the `ends`-th time: at once, then 10, 20, … at most 300,
 * as the kubelet does.
 */
export function backOffSeconds(ends: number): number {
  return ends <= 1 ? 0 : Math.min(300, 10 * 2 ** (ends - 2));
}

/** One httpGet probe: true for 200 to 399 within the probe's timeout. Connections are not kept, as with the kubelet. */
export function probeOnce(
  probe: V1Probe,
  address: string,
  ports: ReadonlyMap<string, number>,
): Promise<boolean> {
  const { httpGet, timeoutSeconds = 1 } = probe;
  if (!httpGet) throw new Error("only httpGet probes are part of the rehearsal");
  const headers = Object.fromEntries((httpGet.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  return new Promise((resolve) => {
    const request = get(
      {
        host: httpGet.host ?? address,
        port: ports.get(String(httpGet.port)) ?? Number(httpGet.port),
        path: httpGet.path ?? "/",
        headers: { "User-Agent": "kube-probe/1.36", ...headers },
        agent: false,
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      },
      (response) => {
        const status = response.resume().statusCode ?? 0;
        resolve(status >= 200 && status < 400);
      },
    );
    request.once("error", () => resolve(false));
  });
}
