const hostsInRange = 254;
const ranges = 256;

/**
 * Gives loopback addresses 127.10.x.1 to 127.10.x.254, none twice before all 65,024 were given.
 * All of 127/8 is local on Linux, so pods listen on the same port at an address of their own.
 * The first x comes from `seed` (the API server's port), so that two rehearsals on one machine do not meet.
 */
export function addresses(seed: number): () => string {
  let given = (seed % ranges) * hostsInRange;
  return () => {
    const index = given++ % (ranges * hostsInRange);
    return `127.10.${Math.floor(index / hostsInRange)}.${(index % hostsInRange) + 1}`;
  };
}
