/** Failures that came with the last cause seen and are still taken for its consequences. */
export interface Cluster {
  /** How many more failures the last cause may explain. */
  credit: number;
  /** For how many more requests it may. */
  requests: number;
  /** It has explained one failure only, so far. */
  isSingle: boolean;
}

export const noCluster: Cluster = { credit: 0, requests: 0, isSingle: false };

/** From so many clusters' worth of requests on, a cause that is cut by an interval's end is too rare to be looked for. */
const busy = 8;

/** A counter's difference may be a hair off a whole number. */
const hair = 1e-6;

/**
 * The least number of causes that explain `failures` among `requests`, if one cause fails up to `size` requests that follow
 * one another. Failures that share a cause are no independent evidence: counted one by one they roll back good canaries.
 * A cause near an interval's end may go on in the next, so what it did not use up is carried over for `size` requests. Only
 * two single failures, with a request between that was fine, are two causes: clusters hardly ever leave that picture.
 */
export function countCauses(
  cluster: Cluster,
  requests: number,
  failures: number,
  size: number,
): { causes: number; cluster: Cluster } {
  if (size <= 1 || failures <= hair) {
    const left = cluster.requests - requests;
    return {
      causes: size <= 1 ? failures : 0,
      cluster: left > 0 ? { ...cluster, requests: left } : noCluster,
    };
  }
  const isSingle = failures <= 1 + hair && requests > failures;
  const goesOn = cluster.requests > 0 && !(cluster.isSingle && isSingle);
  const explained = goesOn ? Math.min(failures, cluster.credit) : 0;
  const left = failures - explained;
  if (left <= hair) {
    const credit = cluster.credit - explained;
    const more = cluster.requests - requests;
    return { causes: 0, cluster: more > 0 ? { credit, requests: more, isSingle: false } : noCluster };
  }
  const causes = Math.ceil(left / size - hair);
  if (requests >= busy * size) return { causes, cluster: noCluster };
  return { causes, cluster: { credit: causes * size - left, requests: size, isSingle } };
}
