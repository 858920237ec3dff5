import { beforeAll, describe, expect, it } from "vitest";
import { CanaryRelease } from "../../../components/release/canaryRelease";
import { podShutdown } from "../../../components/release/timeouts";
import type { Release } from "../../../decisions/stack/config";
import { sample } from "../../decisions/samples";
import { type Declared, declare, named, stack } from "../declared";
import { settingsWith } from "../settings";

interface Container {
  command: string[];
  env: { name: string; value?: string; valueFrom?: unknown }[];
  envFrom: unknown[];
  ports: unknown[];
  resources: { requests: object; limits: object };
  lifecycle?: unknown;
  [field: string]: unknown;
}
interface PodSpec {
  containers: [Container];
  readinessGates?: unknown[];
  terminationGracePeriodSeconds: number;
  topologySpreadConstraints: { topologyKey: string; whenUnsatisfiable: string }[];
  [field: string]: unknown;
}
interface DeploymentSpec {
  replicas: number;
  strategy: object;
  selector: { matchLabels: Record<string, string> };
  template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
  [field: string]: unknown;
}

const both: Partial<Release> = {
  live: "blue",
  traffic: "open",
  canaryWeight: 10,
  slots: { blue: sample(1), green: sample(2) },
};

const declared = (release: Partial<Release>, more = {}) =>
  declare(
    () => new CanaryRelease("release", { stack, settings: settingsWith({ ...both, ...release }, more) }),
  );

const specOf = (resources: Map<string, Declared>, name: string) =>
  named(resources, name).inputs.spec as DeploymentSpec;

const replicas = (resources: Map<string, Declared>) =>
  Object.fromEntries(
    ["blue-web", "blue-worker", "green-web", "green-worker"].map((name) => [
      name,
      specOf(resources, `release-${name}`).replicas,
    ]),
  );

describe("how many pods", () => {
  it("a canary has all of its web pods and its own number of workers", async () => {
    expect(replicas(await declared({}))).toEqual({
      "blue-web": 3,
      "blue-worker": 2,
      "green-web": 3,
      "green-worker": 1,
    });
  });

  it("a standby keeps its web pods and has no workers", async () => {
    const standby = await declared({ canaryWeight: 0 });
    expect(replicas(standby)).toEqual({ "blue-web": 3, "blue-worker": 2, "green-web": 3, "green-worker": 0 });
  });

  it("no slot has workers while traffic is paused, and both keep their web pods", async () => {
    const paused = await declared({ traffic: "paused" });
    expect(replicas(paused)).toEqual({ "blue-web": 3, "blue-worker": 0, "green-web": 3, "green-worker": 0 });
  });
});

describe("a web pod", () => {
  let resources: Map<string, Declared>;
  let spec: DeploymentSpec;
  let pod: PodSpec;
  let container: Container;
  beforeAll(async () => {
    resources = await declared({});
    spec = specOf(resources, "release-green-web");
    pod = spec.template.spec;
    [container] = pod.containers;
  });

  it("is ready only once its target is healthy, even where the controller's webhook is down", () => {
    expect(pod.readinessGates).toEqual([{ conditionType: "target-health.elbv2.k8s.aws/web-green" }]);
  });

  it("goes on answering for longer than it drains, and is killed only after sleep, drain and a request", () => {
    const { preStopSeconds, graceSeconds } = podShutdown(10);
    expect(container.lifecycle).toEqual({ preStop: { sleep: { seconds: preStopSeconds } } });
    expect(preStopSeconds).toBeGreaterThan(10);
    expect(pod.terminationGracePeriodSeconds).toBe(graceSeconds);
    expect(graceSeconds).toBeGreaterThanOrEqual(preStopSeconds + 10 + 30);
  });

  it("has all three probes, and its liveness does not ask what its readiness asks", () => {
    expect(container).toMatchObject({
      startupProbe: { httpGet: { path: "/live", port: "http" } },
      readinessProbe: { httpGet: { path: "/ready", port: "http" } },
      livenessProbe: { httpGet: { path: "/live", port: "http" } },
    });
  });

  it("has no root, no privileges, no token and no writable file system but /tmp", () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      volumes: [{ name: "tmp", emptyDir: {} }],
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("has a memory limit and no CPU limit", () => {
    expect(container.resources).toEqual({
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { memory: "256Mi" },
    });
  });

  it("knows stack, slot, release and port, its address, and the database only by the name of a Secret", () => {
    expect(container.envFrom).toEqual([{ secretRef: { name: "school-database" } }]);
    expect(container.env).toEqual(
      expect.arrayContaining([
        { name: "AWS_REGION", value: "eu-central-1" },
        { name: "STACK", value: "prod" },
        { name: "SLOT", value: "green" },
        { name: "RELEASE_VERSION", value: sample(2).version },
        { name: "RELEASE_DIGEST", value: sample(2).image.split("@")[1] },
        { name: "PARAMETER_ROOT", value: "/deployment-safety/prod/" },
        { name: "PORT", value: "8080" },
        { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      ]),
    );
    expect(container.ports).toEqual([{ name: "http", containerPort: 8080 }]);
    expect(container.command).toEqual(["python", "-m", "school.web"]);
  });

  it("is spread over zones and hosts, but rather crowded than missing", () => {
    expect(pod.topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toEqual([
      "topology.kubernetes.io/zone",
      "kubernetes.io/hostname",
    ]);
    for (const { whenUnsatisfiable } of pod.topologySpreadConstraints)
      expect(whenUnsatisfiable).toBe("ScheduleAnyway");
  });

  it("is never taken away before its successor is available", () => {
    expect(spec.strategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: "100%" },
    });
  });

  it("is found by labels that say slot and component, and that no release changes", () => {
    const labels = {
      "app.kubernetes.io/name": "school",
      "app.kubernetes.io/component": "web",
      "deployment-safety/slot": "green",
    };
    expect(spec.selector.matchLabels).toEqual(labels);
    expect(spec.template.metadata.labels).toEqual(labels);
    expect(named(resources, "release-green-service").inputs.spec).toMatchObject({ selector: labels });
  });

  it("is waited for with a time-out that outlasts the rollout's own deadline", () => {
    expect(spec.progressDeadlineSeconds).toBe(180);
    expect(named(resources, "release-green-web").createTimeout).toBe("240s");
  });

  it("rolls back what was changed in the cluster by hand", () => {
    expect(named(resources, "release-green-web").inputs.metadata).toMatchObject({
      annotations: { "pulumi.com/patchForce": "true" },
    });
  });
});

describe("a worker pod", () => {
  it("runs the worker of its slot's image with a minute to finish its job, and has no target", async () => {
    const { template } = specOf(await declared({}), "release-green-worker");
    expect(template.spec.containers[0]).toMatchObject({
      image: sample(2).image,
      command: ["python", "-m", "school.worker"],
    });
    expect(template.spec.terminationGracePeriodSeconds).toBe(60);
    expect(template.spec).not.toHaveProperty("readinessGates");
    expect(template.spec.containers[0]).not.toHaveProperty("lifecycle");
  });
});

describe("a disruption budget", () => {
  it("lets one pod go at a time, of web and of workers", async () => {
    const resources = await declared({});
    for (const name of ["release-green-web-budget", "release-green-worker-budget"])
      expect(named(resources, name).inputs.spec).toMatchObject({ maxUnavailable: 1 });
    expect(named(resources, "release-green-worker-budget").inputs.metadata).toMatchObject({
      name: "workers-green",
    });
  });
});
