import { ofType } from "../resourceGraph";
import { type Declared, stackRule } from "../rule";
import { types } from "../types";
import { document, isSet, listAt, shown, unknown, valueAt } from "../propertyValues";
import { isSame, podLabels, podSpecPath, podTypes, slotOf } from "./workloads";

/** Rules about what pods and parameters say of the release. */

export const knowsRelease = stackRule({
  id: "pods-know-their-release",
  area: "release",
  severity: "high",
  rows: ["A1", "C6"],
  description:
    "A pod of a slot is told its stack, slot, release and where its parameters are, and gets the database's address from a Secret.",
  why: "A pod that answers with another digest than its own is taken for another release by verification and metrics.",
  remedy:
    "Set STACK, SLOT, RELEASE_DIGEST, RELEASE_VERSION, PARAMETER_ROOT, PORT and POD_IP, and `envFrom` the Secret.",
  checkStack(resources, report) {
    const needs = ofType(resources, ...podTypes).filter((workload) =>
      ["web", "worker", "migrate"].includes(String(podLabels(workload)["app.kubernetes.io/component"])),
    );
    for (const workload of needs) {
      const slot = slotOf(workload);
      const spec = podSpecPath(workload);
      for (const [index, container] of listAt(workload.properties, `${spec}.containers`).entries()) {
        const at = `${spec}.containers[${index}]`;
        const variables = new Map(
          listAt(container, "env").map((entry) => [
            valueAt(entry, "name"),
            valueAt(entry, "value") ?? valueAt(entry, "valueFrom.fieldRef.fieldPath"),
          ]),
        );
        const stack = variables.get("STACK");
        const image = valueAt(container, "image");
        const digest = typeof image === "string" ? image.slice(image.lastIndexOf("@") + 1) : unknown;
        const isGiven = (value: unknown) => typeof value === "string" && value !== "" && value !== "*";
        const wanted: [string, (value: unknown) => boolean, string][] = [
          ["STACK", isGiven, "the stack's name"],
          ["RELEASE_DIGEST", (value) => digest === unknown || value === digest, "the digest of its image"],
          [
            "PARAMETER_ROOT",
            (value) => value === `/deployment-safety/${String(stack)}/`,
            `/deployment-safety/${shown(stack)}/`,
          ],
          ...(slot === undefined
            ? []
            : ([
                ["SLOT", (value) => value === slot, shown(slot)],
                ["RELEASE_VERSION", isGiven, "the version"],
                [
                  "PORT",
                  (value) =>
                    !isSet(valueAt(container, "ports")) ||
                    listAt(container, "ports").some(
                      (port) => String(valueAt(port, "containerPort")) === value,
                    ),
                  "the container's port",
                ],
                ["POD_IP", (value) => value === "status.podIP", "status.podIP"],
              ] as [string, (value: unknown) => boolean, string][])),
        ];
        for (const [name, allows, required] of wanted) {
          const value = variables.get(name);
          if (value !== unknown && (value === undefined || !allows(value)))
            report(
              { at: `${at}.env.${name}`, found: shown(value), required, fix: "Set the variable." },
              workload,
            );
        }
        const command = valueAt(container, "command");
        if (command !== unknown && !isCommand(command))
          report(
            {
              at: `${at}.command`,
              found: shown(command),
              required: "what it runs: web, workers and migrations have one image",
              fix: "Set it.",
            },
            workload,
          );
        const secrets = listAt(container, "envFrom").map((source) => valueAt(source, "secretRef.name"));
        const named = listAt(container, "env").some((entry) =>
          isSet(valueAt(entry, "valueFrom.secretKeyRef.name")),
        );
        if (
          !named &&
          valueAt(container, "envFrom") !== unknown &&
          !secrets.some((secret) => isSet(secret) && secret !== "*")
        )
          report(
            {
              at: `${at}.envFrom`,
              found: shown(valueAt(container, "envFrom")),
              required: "a Secret with DATABASE_URL",
              fix: "Name the Secret in `envFrom[].secretRef.name`.",
            },
            workload,
          );
        if (valueAt(container, "securityContext.readOnlyRootFilesystem") === true)
          checkScratch(workload, spec, index, report);
      }
      for (const [index, gate] of listAt(workload.properties, `${spec}.containers`).entries())
        if (slot !== undefined && !isSet(valueAt(gate, "ports")))
          report(
            {
              at: `${spec}.containers[${index}].ports`,
              found: "not set",
              required: "the port that probes and metrics ask",
              fix: "Declare it with its name.",
            },
            workload,
          );
    }
  },
});

const isCommand = (command: unknown): boolean =>
  Array.isArray(command) &&
  command.length > 0 &&
  command.every((word) => word === unknown || (typeof word === "string" && word !== "" && word !== "*"));

function checkScratch(
  workload: Declared,
  spec: string,
  index: number,
  report: (
    violation: { at: string; found: string; required: string; fix: string },
    resource: Declared,
  ) => void,
): void {
  const mounts = listAt(workload.properties, `${spec}.containers`)[index];
  const volumes = new Set(
    listAt(workload.properties, `${spec}.volumes`)
      .filter((volume) => typeof valueAt(volume, "emptyDir") === "object")
      .map((volume) => valueAt(volume, "name")),
  );
  const isThere = listAt(mounts, "volumeMounts").some(
    (mount) =>
      valueAt(mount, "mountPath") === "/tmp" &&
      isSet(valueAt(mount, "name")) &&
      volumes.has(valueAt(mount, "name")),
  );
  if (!isThere)
    report(
      {
        at: `${spec}.containers[${index}].volumeMounts`,
        found: shown(valueAt(mounts, "volumeMounts")),
        required: "an `emptyDir` at /tmp: the root file system is read-only",
        fix: "Mount one.",
      },
      workload,
    );
}

/** What is published for everybody, by the last part of its name: what it holds, and whether a value is that. */
const documents: Readonly<Record<string, { holds: string; is: (value: unknown) => boolean }>> = {
  release: {
    holds: "a release as JSON: serial, live, canaryWeight, slots",
    is: (release) => {
      const weight = valueAt(release, "canaryWeight");
      return (
        typeof valueAt(release, "serial") === "number" &&
        ["blue", "green"].includes(String(valueAt(release, "live"))) &&
        typeof weight === "number" &&
        weight >= 0 &&
        weight <= 10 &&
        typeof valueAt(release, "slots") === "object"
      );
    },
  },
  guard: {
    holds: "what is in force against irreversible changes as JSON: changeWindow, true or false",
    is: (guard) => typeof valueAt(guard, "changeWindow") === "boolean",
  },
};

export const published = stackRule({
  id: "published-release-readable",
  area: "release",
  severity: "critical",
  rows: ["F2", "F4"],
  description:
    "The parameters with the applied release, and with what is in force against irreversible changes, hold just that, for everybody to read.",
  why: "The next `pulumi up` compares its file with these: unreadable, they let an illegal step pass, or a change without the window that protected it.",
  remedy: "Publish the stack's `release` and its guard as JSON, as the last resources of the program.",
  checkStack(resources, report) {
    for (const parameter of ofType(resources, types.parameter)) {
      const name = valueAt(parameter.properties, "name");
      const [, kind = ""] =
        typeof name === "string" ? (/^\/deployment-safety\/[^/]+\/([^/]+)$/.exec(name) ?? []) : [];
      const wanted = documents[kind];
      if (!wanted) continue;
      const value = valueAt(parameter.properties, "insecureValue") ?? valueAt(parameter.properties, "value");
      if (value === unknown) continue;
      if (!wanted.is(document(value)))
        report(
          {
            at: "insecureValue",
            found: shown(value),
            required: wanted.holds,
            fix: "Let the program publish it; nobody writes it by hand.",
          },
          parameter,
        );
      if (!isSame(valueAt(parameter.properties, "type"), "String"))
        report(
          {
            at: "type",
            found: shown(valueAt(parameter.properties, "type")),
            required: "String",
            fix: "Nothing in it is secret, and everybody must be able to read it.",
          },
          parameter,
        );
      if (!isSame(valueAt(parameter.properties, "overwrite"), true))
        report(
          {
            at: "overwrite",
            found: shown(valueAt(parameter.properties, "overwrite")),
            required: "true",
            fix: "An update that was killed between writing and recording it makes the next one fail.",
          },
          parameter,
        );
    }
  },
});
