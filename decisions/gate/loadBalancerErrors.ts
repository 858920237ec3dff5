import { countCauses, noCluster, type Cluster } from "./statistics/clusters";
import { addEvidence, startEvidence, type Likelihoods } from "./statistics/likelihoods";
import { loadBalancerSignal } from "./limits";

/**
 * Errors that the load balancer makes itself (502, 503: no target, a connection that broke) carry no target group, and a
 * source that reads the application does not see them: a crashed canary would look clean. What exceeds the time before the
 * canary is therefore held against it.
 */
export interface LoadBalancerErrors {
  /** Before the canary. */
  before: { errors: number; seconds: number };
  evidence: Likelihoods;
  cluster: Cluster;
}

export const startLoadBalancerErrors = (): LoadBalancerErrors => ({
  before: { errors: 0, seconds: 0 },
  evidence: startEvidence(loadBalancerSignal.overFloor.length),
  cluster: noCluster,
});

/** Errors a second before the canary; with nothing seen, 0: then all of them count. */
const usualPerSecond = ({ before }: LoadBalancerErrors): number =>
  before.seconds > 0 ? before.errors / before.seconds : 0;

/** What is surely more than usual in one interval, for the hard stop: beyond twice the usual and three deviations. */
export function surelyExcess(known: LoadBalancerErrors, errors: number, seconds: number): number {
  const usual = usualPerSecond(known) * seconds;
  return usual === 0 ? errors : Math.max(0, errors - 2 * usual - 3 * Math.sqrt(usual));
}

/** Adds an interval with a canary. `requests` is what the canary should have got. */
export function addLoadBalancerErrors(
  known: LoadBalancerErrors,
  errors: number,
  seconds: number,
  requests: number,
  part: number,
): LoadBalancerErrors {
  const { tolerated, floor, overFloor, cluster: size } = loadBalancerSignal;
  const counted = countCauses(known.cluster, requests, errors, size);
  const usual = tolerated * usualPerSecond(known) * seconds;
  const allowed = usual + floor * requests;
  const evidence = addEvidence(known.evidence, part, (index) => {
    const suspected = usual + floor * requests * (overFloor[index] ?? 1);
    return allowed > 0 ? counted.causes * Math.log(suspected / allowed) - (suspected - allowed) : 0;
  });
  return { ...known, evidence, cluster: counted.cluster };
}
