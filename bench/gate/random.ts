/** Random numbers from a seed, so that a benchmark's figures are the same on every machine. */
export type Random = () => number;

/** Uniform in [0, 1): Doty-Humphrey's sfc32, 128 bits of state, mixed from two integers. */
export function createRandom(seed: number, stream: number): Random {
  let [a, b, c, counter] = [seed | 0, stream | 0, 0x9e3779b9 | 0, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  };
  for (let round = 0; round < 16; round += 1) next();
  return next;
}

/** Draws Poisson counts of one mean by inverting a table of its distribution: one random number a draw. */
export function createPoisson(mean: number): (random: Random) => number {
  if (mean <= 0) return () => 0;
  const top = Math.ceil(mean + 12 * Math.sqrt(mean) + 12);
  const upTo = new Float64Array(top + 1);
  // From the logarithm, since exp(-mean) is 0 for a large mean.
  let logTerm = -mean;
  let sum = 0;
  for (let count = 0; count <= top; count += 1) {
    if (count > 0) logTerm += Math.log(mean / count);
    sum += Math.exp(logTerm);
    upTo[count] = sum;
  }
  return (random) => {
    const at = random();
    let [low, high] = [0, top];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] ?? 1) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
