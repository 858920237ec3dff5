/** Mutants that the pack does not see, each with the reason why that is left so. */

/** A reason, and the survivors that it is about. */
export interface Reason {
  /** Regular expression over `<type> <logical name> <path> <change>`. */
  survivors: string;
  reason: string;
}

/** Survivors of one reason. */
export interface Explained {
  reason: string;
  count: number;
  mutants: string[];
}

/**
 * Groups survivors by the first reason that is about them.
 * @throws Error that lists every survivor without a reason, and every reason that no survivor needs any more.
 */
export function explained(survivors: readonly string[], reasons: readonly Reason[]): Explained[] {
  const groups = reasons.map(({ survivors: pattern, reason }) => ({
    pattern: new RegExp(pattern),
    reason,
    mutants: [] as string[],
  }));
  const without = survivors.filter((survivor) => {
    const group = groups.find(({ pattern }) => pattern.test(survivor));
    group?.mutants.push(survivor);
    return !group;
  });
  const idle = groups.filter(({ mutants }) => mutants.length === 0);
  if (without.length + idle.length > 0)
    throw new Error(
      [
        ...without.map((survivor) => `no policy sees this mutant, and no reason says why: ${survivor}`),
        ...idle.map(({ pattern }) => `no survivor needs this reason any more: ${pattern.source}`),
        "Sharpen a policy, or write the reason into bench/policies/survivors.json.",
      ].join("\n"),
    );
  return groups.map(({ reason, mutants }) => ({ reason, count: mutants.length, mutants }));
}
