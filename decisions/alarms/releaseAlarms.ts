import { slots } from "../stack/names";
import { advice, type AlarmSettings, type AlarmSpec, type CompositeSpec } from "./alarm";
import { burnAlarms, subjects } from "./burnRateAlarms";
import { loadBalancerErrors, noTraffic } from "./serviceAlarms";
import { slotAlarms } from "./slotAlarms";

/** Key of the alarm that means "this release is bad". */
export const badRelease = "release-is-bad";

/**
 * All alarms of a stack's releases, from config alone, so that what rings and when can be tested without a cloud. A composite
 * names only alarms before it.
 */
export function releaseAlarms(given: AlarmSettings): { metric: AlarmSpec[]; composite: CompositeSpec[] } {
  const ofSlots = slots.flatMap((slot) => slotAlarms(slot, given));
  const balancer = loadBalancerErrors(given);
  const burns = subjects.map((subject) => burnAlarms(subject, given));
  const fastBurns = burns.map(({ fast }) => fast);
  return {
    metric: [...ofSlots, balancer, ...noTraffic(given), ...burns.flatMap(({ windows }) => windows)],
    composite: [
      ...fastBurns,
      {
        key: badRelease,
        anyOf: [...ofSlots, balancer, ...fastBurns].map(({ key }) => [key]),
        description:
          `A release of ${given.stack} is bad: errors, latency, pods, connections or burn of a slot, or the load ` +
          `balancer's own errors. One alarm to page by; its parts say what it is. ${advice(given.stack)}`,
      },
    ],
  };
}

/** The rule of a composite alarm, in CloudWatch's words; `prefix` makes keys names. At most 10,240 characters. */
export function compositeRule(prefix: string, { anyOf }: CompositeSpec): string {
  const groups = anyOf.map((keys) => keys.map((key) => `ALARM("${prefix}${key}")`).join(" AND "));
  return groups.length === 1
    ? (groups[0] ?? "")
    : groups.map((group) => (group.includes(" AND ") ? `(${group})` : group)).join(" OR ");
}
