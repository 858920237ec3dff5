import type { AlarmState, Alarms } from "../../../cli/ports/alarms";
import type { Cluster, WorkerPod } from "../../../cli/ports/cluster";
import type { LoadBalancer, Route, TargetCounts } from "../../../cli/ports/loadBalancer";
import type { Measured, MetricSource } from "../../../cli/ports/metrics/source";
import type { Answer, Ask, Traffic } from "../../../cli/ports/traffic";
import { digestIn } from "../../../decisions/release/digest";
import type { Release } from "../../../decisions/stack/config";
import type { Slot } from "../../../decisions/stack/names";
import type { Routing } from "../../../decisions/traffic/routing";
import type { MemoryClock } from "./clock";

/** What runs and who gets the traffic. The engine changes it as an `up` does, the ports below as their calls do. */
export class MemoryCloud implements LoadBalancer, Traffic, MetricSource, Alarms, Cluster {
  /** What every slot runs. */
  running: Release | undefined;
  routing: Routing = { traffic: "paused" };
  /** Routings that were set by direct calls and changed something, in order. */
  readonly sets: Routing[] = [];
  /** Healthy targets of a slot. Default: 3 where something runs in it. */
  readonly healthy: Partial<Record<Slot, number>> = {};
  /** What releases answer, by digest, instead of a 200; an error is a broken connection. */
  readonly answers = new Map<string, Partial<Answer> | Error>();
  /** Share of requests that fail in the metrics, by digest. Default 0. */
  readonly errorShare = new Map<string, number>();
  /** Requests a second, both slots together. */
  rate = 100;
  /** Whether the metric source answers. */
  hasMetrics = true;
  alarmStates: AlarmState[] | Error = [];
  workerPods: WorkerPod[] | Error = [];
  runningMigrations: string[] = [];
  secrets = new Map<string, string>();
  private asked = 0;

  constructor(private readonly clock: MemoryClock) {}

  // The load balancer.

  async route(): Promise<Route | undefined> {
    if (!this.running) return undefined;
    return {
      ruleArn: "arn:rule",
      targetGroupArns: { blue: "arn:blue", green: "arn:green" },
      routing: this.routing,
    };
  }

  async targets(_: Route, slot: Slot): Promise<TargetCounts> {
    const healthy = this.healthy[slot] ?? (this.running?.slots[slot] ? 3 : 0);
    return { total: Math.max(3, healthy), healthy };
  }

  async set(_: Route, routing: Routing): Promise<boolean> {
    const isChange = JSON.stringify(this.routing) !== JSON.stringify(routing);
    this.routing = routing;
    if (isChange) this.sets.push(routing);
    return isChange;
  }

  // Requests.

  async ask({ slot }: Ask): Promise<Answer> {
    const base = { status: 200, body: "", paused: false, milliseconds: 1 };
    if (slot === undefined && this.routing.traffic === "paused")
      return { ...base, status: 503, paused: true };
    const release = this.running && digestIn(this.running, slot ?? this.slotOfNext());
    if (release === undefined) return { ...base, status: 503 };
    const answer = this.answers.get(release);
    if (answer instanceof Error) throw answer;
    return { ...base, release, ...answer };
  }

  private slotOfNext(): Slot {
    const green = this.routing.traffic === "open" ? this.routing.weights.green : 0;
    // 37 and 100 have no common divisor: each hundred requests are spread as the weights say.
    return (this.asked++ * 37) % 100 < green ? "green" : "blue";
  }

  // Metrics.

  async since(
    cursor: unknown,
    canary: Slot,
  ): Promise<{ cursor: unknown; intervals: Measured[]; reasons: string[] }> {
    const now = this.clock.now().getTime();
    if (!this.hasMetrics) return { cursor, intervals: [], reasons: ["the metrics do not answer"] };
    const seconds = typeof cursor === "number" ? (now - cursor) / 1000 : 0;
    return { cursor: now, intervals: seconds > 0 ? [this.measured(seconds, canary)] : [], reasons: [] };
  }

  before = async (seconds: number, canary: Slot): Promise<Measured> => this.measured(seconds, canary);

  async service() {
    if (!this.hasMetrics) return "unknown" as const;
    const quiet = { requests: 1_000_000, errors: 10 };
    return { budget: quiet, sixHours: quiet, hour: quiet, halfHour: quiet, fiveMinutes: quiet };
  }

  series = async () => ({ stepSeconds: 1, steps: [] });

  private measured(seconds: number, canary: Slot): Measured {
    const live = canary === "blue" ? "green" : "blue";
    const counts = (slot: Slot) => {
      const share = this.routing.traffic === "open" ? this.routing.weights[slot] / 100 : 0;
      const requests = Math.round(this.rate * seconds * share);
      const digest = this.running && digestIn(this.running, slot);
      return {
        requests,
        errors: Math.round(requests * ((digest && this.errorShare.get(digest)) || 0)),
        slow: 0,
      };
    };
    const at = this.clock.now().getTime();
    return {
      at,
      seconds,
      slots: this.hasMetrics ? { canary: counts(canary), live: counts(live) } : "unknown",
    };
  }

  // Alarms.

  async states(): Promise<AlarmState[]> {
    if (this.alarmStates instanceof Error) throw this.alarmStates;
    return this.alarmStates;
  }

  // The cluster.

  endMigrations = async (): Promise<string[]> => this.runningMigrations.splice(0);

  async workers(): Promise<WorkerPod[]> {
    if (this.workerPods instanceof Error) throw this.workerPods;
    return this.workerPods;
  }

  async secret(name: string, key: string): Promise<string | undefined> {
    const value = this.secrets.get(`${name}/${key}`);
    if (value === undefined) throw new Error(`secrets "${name}" not found`);
    return value;
  }
}
