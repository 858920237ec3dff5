import { median, timed, withReleaseLive } from "../rehearsed";

/** What the pack costs: a preview of prod without changes, with it and without it, one after the other. */

const rounds = 5;
const preview = "pulumi preview -s prod --expect-no-changes";

/** Medians and their ratio. The first run of each fills the caches and is not counted. */
export function overhead() {
  const seconds = withReleaseLive(() => {
    const measured = { without: [] as number[], with: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      measured.without.push(timed(preview));
      measured.with.push(timed(preview, { withPolicies: true }));
    }
    return { without: measured.without.slice(1), with: measured.with.slice(1) };
  });
  const [bare, judged] = [median(seconds.without), median(seconds.with)];
  return { overheadRatio: judged / bare, medianWithout: bare, medianWith: judged, seconds };
}
