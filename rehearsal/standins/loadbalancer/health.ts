import * as http from "node:http";
import type { HealthCheck, Snapshot, State, Target, TargetGroup } from "./snapshot";

/** Checks with the same outcome in a row. */
type Streak = { passed: boolean; length: number };

/** The state after a check. A new target needs one passed check (AWS); the thresholds are for changes. */
export function judge(state: State, streak: Streak, check: HealthCheck): State {
  if (streak.passed)
    return state === "initial" || streak.length >= check.healthyThreshold ? "healthy" : state;
  return streak.length >= check.unhealthyThreshold ? "unhealthy" : state;
}

/** Is the code in a matcher such as `200`, `200,204` or `200-299`? */
export function matches(matcher: string, code: number): boolean {
  const ranges = matcher.split(",").map((part) => part.split("-").map(Number));
  return ranges.some(([low = NaN, high = low]) => low <= code && code <= high);
}

/** The reason code of a failed check, none if it passed. */
function probe({ id: host, port }: Target, check: HealthCheck): Promise<string | undefined> {
  const { path, timeoutSeconds, matcher } = check;
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const headers = { "user-agent": "ELB-HealthChecker/2.0", connection: "close" };
    const request = http.get({ host, port, path, agent: false, headers, signal }, (answer) => {
      answer.on("error", () => undefined).resume();
      resolve(matches(matcher, answer.statusCode ?? 0) ? undefined : "Target.ResponseCodeMismatch");
    });
    request.on("error", () => resolve(signal.aborted ? "Target.Timeout" : "Target.FailedHealthChecks"));
  });
}

/** What the cloud is told: each change of state, and once that the first checks have begun. */
type Finding = { arn: string; id: string; port: number; state: State; reason?: string | undefined };
type Checked = { state: State; streak: Streak; due: number };

/** Checks all registered targets of groups in use. Call it with the newest snapshot, each 100 ms or so. */
export function createChecker(report: (finding: Finding) => Promise<void>): (snapshot: Snapshot) => void {
  let all = new Map<string, Checked>();

  async function check(one: Checked, { arn, healthCheck }: TargetGroup, target: Target) {
    one.due = Infinity;
    const begins = one.state === "initial" && one.streak.length === 0;
    if (begins) await report({ arn, ...target, state: "initial", reason: "Elb.InitialHealthChecking" });
    const reason = await probe(target, healthCheck);
    const passed = reason === undefined;
    one.streak = { passed, length: one.streak.passed === passed ? one.streak.length + 1 : 1 };
    const state = judge(one.state, one.streak, healthCheck);
    if (state !== one.state) await report({ arn, ...target, state, reason });
    // a target without a result is asked each second, whatever the interval is
    one.due = performance.now() + (state === "initial" ? 1 : healthCheck.intervalSeconds) * 1000;
  }

  return ({ targetGroups }) => {
    const before = all;
    all = new Map();
    for (const group of targetGroups)
      for (const target of group.targets.filter(({ state }) => state !== "unused" && state !== "draining")) {
        const key = `${group.arn} ${target.id} ${target.port}`;
        let one = before.get(key);
        // initial again: it was deregistered and registered, or its group came back into use
        if (!one || (target.state === "initial" && one.state !== "initial")) {
          one = { state: target.state, streak: { passed: target.state === "healthy", length: 0 }, due: 0 };
        }
        one.state = target.state;
        all.set(key, one);
        if (performance.now() >= one.due) void check(one, group, target);
      }
  };
}
