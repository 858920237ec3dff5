/** How long one attempt of a call to AWS may take, and how many there are. */
export interface AwsLimits {
  /** Attempts in all, the first one included. */
  attempts: number;
  /** Milliseconds to a connection. */
  connectionTimeout: number;
  /** Milliseconds to the whole answer. */
  requestTimeout: number;
}

/** An answer takes a fraction of a second; one that takes longer is lost. */
const limits: AwsLimits = { attempts: 5, connectionTimeout: 1_000, requestTimeout: 3_000 };

/**
 * What every AWS client here is made with, so that a call has an end: the SDK's standard retry mode tries a throttled or
 * failing call up to 5 times, after random pauses of at most 0.5, 1, 2 and 4 s where it was throttled (a tenth of a second
 * doubled, else; `Retry-After` adds at most 5 s). At 3 s an attempt that is less than 25 s in all; usually it is 4 s. Then
 * the call throws: it never passes for done.
 *
 * @param region AWS region; absent: what the environment says
 */
export const awsClient = (region: string | undefined, { attempts, ...timeouts }: AwsLimits = limits) => ({
  ...(region ? { region } : {}),
  retryMode: "standard",
  maxAttempts: attempts,
  // Without `throwOnRequestTimeout` the SDK only warns and goes on waiting.
  requestHandler: { ...timeouts, throwOnRequestTimeout: true },
});

/** Region of the calls: the environment's, else the stack file's. */
export const regionOf = ({ region }: { region?: string | undefined }): string | undefined =>
  process.env.AWS_REGION ?? region;
