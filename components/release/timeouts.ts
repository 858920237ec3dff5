/** How long things may take, in seconds. Every number has its reason here, and the manifests only use them. */

/**
 * Between the end of a target's draining and the last node of the load balancer that knows of it. AWS gives no number;
 * outages reported by users came from acting at once, so a target answers this much longer than it is asked to.
 */
const propagation = 5;

/** The longest answer that a request may take; a web process that ends finishes what it has taken up to here. */
const requestTimeout = 30;

/** What a worker gets to finish its job, or to put it back, after it was told to end. */
export const workerGraceSeconds = 60;

/** How a web pod leaves without a failed request. */
export interface PodShutdown {
  /** A pod that is deleted goes on answering this long before it is told to end. */
  preStopSeconds: number;
  /** After this it is killed. */
  graceSeconds: number;
}

/**
 * A deleted pod is deregistered and drains for `deregistrationSeconds`; only then is it told to end, so that neither a
 * request under way nor one that a slow node still sends finds a closed port (a known cause of 502 and 504 in rolling
 * updates). Then it may finish what it holds: the grace period outlives sleep, drain and the longest request together.
 */
export function podShutdown(deregistrationSeconds: number): PodShutdown {
  const preStopSeconds = deregistrationSeconds + propagation;
  return { preStopSeconds, graceSeconds: preStopSeconds + deregistrationSeconds + requestTimeout };
}

/** A process that has not started to answer by then is restarted: 60 tries, one a second. */
export const startup = { periodSeconds: 1, failureThreshold: 60 };

/**
 * A rollout that gets no further for this long has failed: image pull and start (60 s at most), two health checks of the
 * load balancer, and the binding controller's own retries (it looks again after 15 s).
 */
export const progressDeadlineSeconds = 180;

/** A pod counts as available only after it was ready this long: one that ends right after its first answer is no success. */
export const minReadySeconds = 2;

/** How long Pulumi waits for a Deployment: its deadline, and a minute for the API. */
export const deploymentTimeout = `${progressDeadlineSeconds + 60}s`;

/** Everything else answers at once or not at all. */
export const shortTimeout = "120s";
