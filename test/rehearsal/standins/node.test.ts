import type { V1Container, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addresses } from "../../../rehearsal/standins/kubernetes/address";
import { podEnvironment, unsupported } from "../../../rehearsal/standins/kubernetes/node/podEnvironment";
import { podStatus, restarts } from "../../../rehearsal/standins/kubernetes/node/podStatus";
import {
  type ProbeState,
  advance,
  backOffSeconds,
  firstState,
} from "../../../rehearsal/standins/kubernetes/node/probe";
import { wantedTargets, without } from "../../../rehearsal/standins/kubernetes/binding/targets";

const gate = "target-health.elbv2.k8s.aws/web-blue";
const condition = (type: string, status: string) => ({ type, status });

const webPod = (change: Partial<V1Pod> = {}): V1Pod => ({
  metadata: { name: "web-1", namespace: "school", labels: { slot: "blue" } },
  spec: {
    readinessGates: [{ conditionType: gate }],
    containers: [{ name: "web", command: ["python"], ports: [{ name: "http", containerPort: 8000 }] }],
  },
  status: { podIP: "127.10.0.1", conditions: [condition("ContainersReady", "True")] },
  ...change,
});

describe("pod addresses", () => {
  it("gives 65,024 different addresses, none of them a network's first or last", () => {
    const next = addresses(0);
    const given = Array.from({ length: 256 * 254 }, next);
    expect(new Set(given).size).toBe(65_024);
    expect(given[0]).toBe("127.10.0.1");
    expect(given.at(-1)).toBe("127.10.255.254");
    expect(given.filter((address) => /\.(0|255)$/.test(address))).toEqual([]);
  });

  it("starts elsewhere for another API server's port and wraps around at the end", () => {
    expect(addresses(6443)()).toBe("127.10.43.1");
    const next = addresses(255);
    const given = Array.from({ length: 255 }, next);
    expect([given[0], given.at(-1)]).toEqual(["127.10.255.1", "127.10.0.1"]);
  });
});

describe("pod environment", () => {
  const sources = {
    secret: new Map([["db", { DATABASE_URL: "postgresql://x", PORT: "1" }]]),
    configMap: new Map([["settings", { COLOUR: "red" }]]),
  };
  const read = (container: Partial<V1Container>) =>
    podEnvironment(webPod(), { name: "web", ...container }, "127.10.0.9", sources);

  it("takes envFrom with its prefix, and lets env win over it", () => {
    const envFrom = [{ secretRef: { name: "db" } }, { prefix: "S_", configMapRef: { name: "settings" } }];
    expect(read({ envFrom, env: [{ name: "PORT", value: "8000" }] })).toEqual({
      ok: true,
      variables: { DATABASE_URL: "postgresql://x", PORT: "8000", S_COLOUR: "red" },
    });
  });

  it("fills fields of the pod and keys of Secrets and ConfigMaps", () => {
    const env = [
      { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "SPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      { name: "SLOT", valueFrom: { fieldRef: { fieldPath: "metadata.labels['slot']" } } },
      { name: "URL", valueFrom: { secretKeyRef: { name: "db", key: "DATABASE_URL" } } },
      { name: "COLOUR", valueFrom: { configMapKeyRef: { name: "settings", key: "COLOUR" } } },
      { name: "LITERAL", value: "$(URL)" },
    ];
    expect(read({ env })).toEqual({
      ok: true,
      variables: {
        POD_IP: "127.10.0.9",
        NAME: "web-1",
        SPACE: "school",
        SLOT: "blue",
        URL: "postgresql://x",
        COLOUR: "red",
        LITERAL: "$(URL)",
      },
    });
  });

  it("names all that is missing at once", () => {
    expect(
      read({
        envFrom: [{ secretRef: { name: "absent" } }],
        env: [
          { name: "A", valueFrom: { secretKeyRef: { name: "db", key: "nothing" } } },
          { name: "B", valueFrom: { fieldRef: { fieldPath: "status.phase" } } },
          { name: "C", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
        ],
      }),
    ).toEqual({
      ok: false,
      issues: [
        'secret "absent" not found',
        `couldn't find key nothing in secret "db"`,
        'B: field "status.phase" is not known here',
        "C: its kind of valueFrom is not part of the rehearsal",
      ],
    });
  });

  it("passes over what is marked optional", () => {
    const envFrom = [{ secretRef: { name: "absent", optional: true } }];
    const env = [{ name: "A", valueFrom: { secretKeyRef: { name: "db", key: "nothing", optional: true } } }];
    expect(read({ envFrom, env })).toEqual({ ok: true, variables: {} });
  });

  it("refuses what would change how a container runs and is not done here", () => {
    const probe = { tcpSocket: { port: 1 } };
    const odd = {
      name: "web",
      workingDir: "/app",
      readinessProbe: probe,
      lifecycle: { preStop: { httpGet: { port: 1 } } },
    };
    expect(unsupported(webPod())).toEqual([]);
    expect(unsupported(webPod({ spec: { initContainers: [odd], containers: [odd] } }))).toEqual([
      "initContainers",
      "web: no command (an image's entry point is not known here)",
      "web: workingDir",
      "web: lifecycle.preStop other than sleep and exec",
      "web: readinessProbe other than httpGet",
    ]);
  });
});

describe("probes", () => {
  const after = (kind: "startup" | "liveness" | "readiness", outcomes: boolean[], probe = {}) =>
    outcomes.reduce<ProbeState>((state, outcome) => advance(state, outcome, probe), firstState(kind)).result;

  it("take a container to be alive, not ready and not known to have started before the first verdict", () => {
    expect([after("liveness", []), after("readiness", []), after("startup", [])]).toEqual([
      "success",
      "failure",
      "unknown",
    ]);
  });

  it("turn at the threshold, one success and three failures in a row if nothing else is said", () => {
    expect(after("readiness", [true])).toBe("success");
    expect(after("readiness", [true, false, false])).toBe("success");
    expect(after("readiness", [true, false, false, false])).toBe("failure");
    expect(after("readiness", [true, true], { successThreshold: 3 })).toBe("failure");
    expect(after("startup", [false, false], { failureThreshold: 3 })).toBe("unknown");
  });

  it("count in a row: an outcome between begins anew", () => {
    expect(after("liveness", [false, false, true, false, false])).toBe("success");
    expect(after("liveness", [false, false, true, false, false, false])).toBe("failure");
  });

  it("never change the result before as many equal outcomes as the threshold", () => {
    const outcomes = fc.array(fc.boolean(), { maxLength: 40 });
    fc.assert(
      fc.property(
        outcomes,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        (list, up, down) => {
          let state = firstState("readiness");
          list.forEach((outcome, index) => {
            const next = advance(state, outcome, { successThreshold: up, failureThreshold: down });
            const needed = outcome ? up : down;
            const row = list.slice(Math.max(0, index + 1 - needed), index + 1);
            if (next.result !== state.result)
              expect(row).toEqual(Array.from({ length: needed }, () => outcome));
            state = next;
          });
        },
      ),
    );
  });

  it("back off from restarts at once, then 10 s and twice as long each time, at most 300 s", () => {
    expect([1, 2, 3, 6, 7, 50].map(backOffSeconds)).toEqual([0, 10, 20, 160, 300, 300]);
  });
});

describe("pod status", () => {
  const container = (change: Partial<V1ContainerStatus>): V1ContainerStatus => ({
    ...{ name: "web", image: "", imageID: "", ready: false, restartCount: 0 },
    ...change,
  });
  const facts = { podIP: "127.10.0.1", startTime: new Date(0), now: new Date(5000), ending: false };
  const running = container({ ready: true, state: { running: {} } });
  const status = (pod: V1Pod, containers: V1ContainerStatus[], ending = false) => {
    const { phase, conditions = [] } = podStatus(pod, containers, { ...facts, ending });
    return { phase, ...Object.fromEntries(conditions.map((one) => [one.type, one.status])) };
  };
  const exited = (exitCode: number) => container({ state: { terminated: { exitCode } } });

  it("is not ready while a readiness gate is closed, though its containers are", () => {
    expect(status(webPod(), [running])).toMatchObject({
      phase: "Running",
      ContainersReady: "True",
      Ready: "False",
    });
    const open = webPod({ status: { conditions: [condition(gate, "True")] } });
    expect(status(open, [running])).toMatchObject({ ContainersReady: "True", Ready: "True" });
    expect(status(open, [container({ state: { running: {} } })])).toMatchObject({
      ContainersReady: "False",
      Ready: "False",
    });
  });

  it("is pending until its container has run, and goes on running between restarts", () => {
    const waiting = { waiting: { reason: "ImagePullBackOff" } };
    expect(status(webPod(), [container({ state: waiting })]).phase).toBe("Pending");
    expect(status(webPod(), [container({ state: waiting, restartCount: 1 })]).phase).toBe("Running");
    expect(status(webPod(), [exited(1)]).phase).toBe("Running");
  });

  it("succeeds or fails by exit codes once nothing starts again", () => {
    const job = (restartPolicy: string) => webPod({ spec: { restartPolicy, containers: [] } });
    expect(status(job("Never"), [exited(0)]).phase).toBe("Succeeded");
    expect(status(job("Never"), [exited(0), exited(3)]).phase).toBe("Failed");
    expect(status(job("OnFailure"), [exited(3)]).phase).toBe("Running");
    expect(status(job("Always"), [exited(143)], true).phase).toBe("Failed");
    expect([restarts(job("OnFailure"), 0), restarts(job("OnFailure"), 1)]).toEqual([false, true]);
  });

  it("keeps the time of a condition that has not changed", () => {
    const since = new Date(1000);
    const pod = webPod({
      status: { conditions: [{ type: "ContainersReady", status: "True", lastTransitionTime: since }] },
    });
    const { conditions = [] } = podStatus(pod, [running], facts);
    expect(conditions.find(({ type }) => type === "ContainersReady")?.lastTransitionTime).toBe(since);
    expect(conditions.find(({ type }) => type === "Ready")?.lastTransitionTime).toBe(facts.now);
  });
});

describe("targets of a binding", () => {
  const port = { port: 80, targetPort: "http" };
  const targets = (pod: V1Pod) =>
    wantedTargets([pod], { slot: "blue" }, port, gate).map(({ id, port: at }) => `${id}:${at}`);

  it("are pods that only wait for the binding's own gate", () => {
    expect(targets(webPod())).toEqual(["127.10.0.1:8000"]);
    expect(
      targets(
        webPod({ status: { podIP: "127.10.0.1", conditions: [condition("ContainersReady", "False")] } }),
      ),
    ).toEqual([]);
    const other = {
      readinessGates: [{ conditionType: "other" }],
      containers: webPod().spec?.containers ?? [],
    };
    expect(targets(webPod({ spec: other }))).toEqual([]);
  });

  it("are never pods that are being deleted, nor those of another slot", () => {
    const { metadata } = webPod();
    expect(targets(webPod({ metadata: { ...metadata, deletionTimestamp: new Date() } }))).toEqual([]);
    expect(targets(webPod({ metadata: { ...metadata, labels: { slot: "green" } } }))).toEqual([]);
  });

  it("differ by address and by port", () => {
    const one = { id: "127.10.0.1", port: 8000 };
    expect(without([one, { ...one, port: 8001 }], [one])).toEqual([{ ...one, port: 8001 }]);
    expect(without([one], [one])).toEqual([]);
  });
});
