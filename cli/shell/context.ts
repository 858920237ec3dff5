import { alarmPrefix, alarmTopic } from "../../decisions/alarms/alarm";
import type { Settings } from "../../decisions/stack/config";
import { readParameters, type Published } from "../../decisions/stack/parameters";
import { parameterRoot } from "../../decisions/stack/names";
import { createAlarms, type Alarms } from "../ports/alarms";
import { regionOf } from "../ports/aws";
import { systemClock, type Clock } from "../ports/clock";
import { createCluster, type Cluster } from "../ports/cluster";
import { createLoadBalancer, type LoadBalancer } from "../ports/loadBalancer";
import { metricSource, type MetricSource } from "../ports/metrics/source";
import { createParameters, type Parameters } from "../ports/parameters";
import { createEngine, type Engine } from "../ports/engine";
import { findRoot, readStackFile, type StackFile } from "../ports/stackFile";
import { createTraffic, type Traffic } from "../ports/traffic";
import type { Options } from "./options";
import type { Output } from "./output";

/** What every command works with: its options, the stack file, and the ports to the outside world. */
export interface Context {
  command: string;
  /** Folder of `Pulumi.yaml`. */
  root: string;
  stack: string;
  options: Options;
  output: Output;
  /** Aborts on Ctrl-C and when the lease is lost; its reason is the error that the command ends with. */
  signal: AbortSignal;
  abort: (reason: Error) => void;
  /** Aborts when a running `pulumi up` must be stopped. Not on Ctrl-C at a terminal, which reaches it directly. */
  stopUpdates: AbortSignal;
  /** The stack file as it was when the command began. */
  file: StackFile;
  settings: Settings;
  parameters: Parameters;
  loadBalancer: LoadBalancer;
  traffic: Traffic;
  /** Source of the gate's samples. */
  metrics: MetricSource;
  alarms: Alarms;
  cluster: Cluster;
  engine: Engine;
  clock: Clock;
}

/** Arguments of {@link createContext}. */
export interface Invocation {
  command: string;
  options: Options;
  output: Output;
  abort: AbortController;
  stopUpdates: AbortSignal;
}

/** Reads the stack file and makes the ports from it. Throws usage (2) or invalid config (3) before anything else is done. */
export function createContext({ command, options, output, abort, stopUpdates }: Invocation): Context {
  const root = findRoot(process.cwd());
  const { stack } = options;
  const file = readStackFile(root, stack);
  const { settings } = file;
  const region = regionOf(file);
  const { network, application, cluster } = settings;
  const loadBalancer = createLoadBalancer({
    region,
    listenerArn: network.listenerArn,
    rulePriority: network.rulePriority,
  });
  return {
    command,
    root,
    stack,
    options,
    output,
    signal: abort.signal,
    abort: (reason) => abort.abort(reason),
    stopUpdates,
    file,
    settings,
    parameters: createParameters(region),
    loadBalancer,
    traffic: createTraffic(network.url, network.hosts[0] ?? new URL(network.url).hostname),
    metrics: metricSource({ stack, settings, region, loadBalancer }),
    alarms: createAlarms(region, alarmPrefix(application.name, stack), alarmTopic(application.name, stack)),
    cluster: createCluster(cluster.namespace),
    engine: createEngine(root, stack),
    clock: systemClock,
  };
}

/** Reads the stack's parameters. Throws an error that names the path of an unreadable one. */
export async function readPublished({
  parameters,
  stack,
}: Pick<Context, "parameters" | "stack">): Promise<Published> {
  return readParameters(stack, await parameters.readAll(parameterRoot(stack)));
}
