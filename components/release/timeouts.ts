/** How long things may take, in seconds, each with the reason for its number. */

/**
 * Time between the end of a target's draining and the moment when the last node of the load balancer knows. AWS documents no
 * number, and users report outages when a pod ends at once, so a target answers this much longer than it must.
 */
const propagation = 5;

/** The longest time that a request may take; a web process that is told to end gets this long to finish. */
const requestTimeout = 30;

/** Time that a worker gets to finish its job or hand it back after it is told to end. */
export const workerGraceSeconds = 60;

/** How a web pod leaves without a failed request. */
export interface PodShutdown {
  /** A deleted pod keeps answering for this long before it is told to end. */
  preStopSeconds: number;
  /** After this it is killed; counts from the deletion. */
  graceSeconds: number;
}

/**
 * A deleted pod is deregistered and drains for `deregistrationSeconds`. Only then is it told to end, so that no request in
 * flight, nor one that a slow node still sends, finds a closed port (a known cause of 502 and 504 in rolling updates). Then it
 * may finish its requests: the grace period covers sleep, drain and the longest request together.
 */
export function podShutdown(deregistrationSeconds: number): PodShutdown {
  const preStopSeconds = deregistrationSeconds + propagation;
  return { preStopSeconds, graceSeconds: preStopSeconds + deregistrationSeconds + requestTimeout };
}

/** A process that does not answer within 60 tries, one a second, is restarted. */
export const startup = { periodSeconds: 1, failureThreshold: 60 };

/**
 * A rollout without progress for this long has failed: it covers image pull and start (60 s at most), two health checks of the
 * load balancer, and the binding controller's retries (every 15 s).
 */
export const progressDeadlineSeconds = 180;

/** A pod counts as available only after it was ready for this long, so that one that crashes after its first answer does not. */
export const minReadySeconds = 2;

/** How long Pulumi waits for a Deployment: its deadline plus a minute for the API. */
export const deploymentTimeout = `${progressDeadlineSeconds + 60}s`;

/** How long Pulumi waits for everything else, which succeeds at once or not at all. */
export const shortTimeout = "120s";
