import { type ReportAt, propertyReporter } from "../propertyChecks";
import { ofType } from "../resourceGraph";
import { type Declared, type ReportViolation, stackRule } from "../rule";
import { types } from "../types";
import { document, isSet, listAt, parameterValue, shown, unknown, valueAt } from "../propertyValues";
import { containersOf, isSame, podLabels, podSpecPath, podTypes, slotOf } from "./workloads";

/** Rules about what pods and parameters say about the release. */

export const podsKnowTheirRelease = stackRule({
  id: "pods-know-their-release",
  area: "release",
  severity: "high",
  rows: ["A1", "C6"],
  description:
    "A pod of a slot knows its stack, slot, release and parameter root, and gets the database's address from a Secret.",
  why: "Verification and metrics take a pod that reports another digest for another release.",
  remedy:
    "Set STACK, SLOT, RELEASE_DIGEST, RELEASE_VERSION, PARAMETER_ROOT, PORT and POD_IP, and `envFrom` the Secret.",
  checkStack(resources, report) {
    for (const workload of ofType(resources, ...podTypes))
      if (["web", "worker", "migrate"].includes(String(podLabels(workload)["app.kubernetes.io/component"])))
        for (const [index, container] of containersOf(workload).entries())
          checkContainer(workload, container, index, report);
  },
});

/** A name or a text that somebody gave; "*" is a placeholder. */
const isGiven = (value: unknown): boolean => typeof value === "string" && value !== "" && value !== "*";

function checkContainer(
  workload: Declared,
  container: unknown,
  index: number,
  report: ReportViolation,
): void {
  const reportOn = propertyReporter(workload, report);
  const reportAt: ReportAt = (key, ...rest) =>
    reportOn(`${podSpecPath(workload)}.containers[${index}].${key}`, ...rest);
  const variables = variablesOf(container);
  for (const [name, allows, required] of requiredVariables(container, slotOf(workload))) {
    const value = variables.get(name);
    if (value !== unknown && (value === undefined || !allows(value)))
      reportAt(`env.${name}`, value, required, "Set the variable.");
  }
  const command = valueAt(container, "command");
  if (command !== unknown && !isCommand(command))
    reportAt("command", command, "what it runs: web, workers and migrations have one image");
  const envFrom = valueAt(container, "envFrom");
  if (envFrom !== unknown && !hasSecret(container))
    reportAt(
      "envFrom",
      envFrom,
      "a Secret with DATABASE_URL",
      "Name the Secret in `envFrom[].secretRef.name`.",
    );
  if (
    valueAt(container, "securityContext.readOnlyRootFilesystem") === true &&
    !hasScratch(workload, container)
  )
    reportAt(
      "volumeMounts",
      valueAt(container, "volumeMounts"),
      "an `emptyDir` at /tmp: the root file system is read-only",
      "Mount one.",
    );
  if (slotOf(workload) !== undefined && !isSet(valueAt(container, "ports")))
    reportAt("ports", undefined, "the port that probes and metrics ask", "Declare it with its name.");
}

const variablesOf = (container: unknown): ReadonlyMap<unknown, unknown> =>
  new Map(
    listAt(container, "env").map((entry) => [
      valueAt(entry, "name"),
      valueAt(entry, "value") ?? valueAt(entry, "valueFrom.fieldRef.fieldPath"),
    ]),
  );

type RequiredVariable = [name: string, allows: (value: unknown) => boolean, required: string];

/** The variables that a container must have; `slot` is undefined for a Job, which belongs to none. */
function requiredVariables(container: unknown, slot: unknown): RequiredVariable[] {
  const stack = variablesOf(container).get("STACK");
  const root = `/deployment-safety/${typeof stack === "string" ? stack : shown(stack)}/`;
  const image = valueAt(container, "image");
  const digest = typeof image === "string" ? image.slice(image.lastIndexOf("@") + 1) : unknown;
  const isOpenPort = (value: unknown): boolean =>
    !isSet(valueAt(container, "ports")) ||
    listAt(container, "ports").some((port) => String(valueAt(port, "containerPort")) === value);
  const always: RequiredVariable[] = [
    ["STACK", isGiven, "the stack's name"],
    ["RELEASE_DIGEST", (value) => digest === unknown || value === digest, "the digest of its image"],
    ["PARAMETER_ROOT", (value) => value === root, root],
  ];
  if (slot === undefined) return always;
  return [
    ...always,
    ["SLOT", (value) => value === slot, shown(slot)],
    ["RELEASE_VERSION", isGiven, "the version"],
    ["PORT", isOpenPort, "the container's port"],
    ["POD_IP", (value) => value === "status.podIP", "status.podIP"],
  ];
}

const isCommand = (command: unknown): boolean =>
  Array.isArray(command) && command.length > 0 && command.every((word) => word === unknown || isGiven(word));

const hasSecret = (container: unknown): boolean =>
  listAt(container, "env").some((entry) => isSet(valueAt(entry, "valueFrom.secretKeyRef.name"))) ||
  listAt(container, "envFrom").some((source) => {
    const secret = valueAt(source, "secretRef.name");
    return isSet(secret) && secret !== "*";
  });

/** Whether a container can write to /tmp although its root file system is read-only. */
function hasScratch(workload: Declared, container: unknown): boolean {
  const volumes = listAt(workload.properties, `${podSpecPath(workload)}.volumes`)
    .filter((volume) => typeof valueAt(volume, "emptyDir") === "object")
    .map((volume) => valueAt(volume, "name"));
  return listAt(container, "volumeMounts").some((mount) => {
    const name = valueAt(mount, "name");
    return valueAt(mount, "mountPath") === "/tmp" && isSet(name) && volumes.includes(name);
  });
}

/** The documents that the program publishes, by the last part of their names. */
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
    holds: "the protection against irreversible changes as JSON: changeWindow, true or false",
    is: (guard) => typeof valueAt(guard, "changeWindow") === "boolean",
  },
};

export const publishedReleaseReadable = stackRule({
  id: "published-release-readable",
  area: "release",
  severity: "critical",
  rows: ["F2", "F4"],
  description:
    "The parameters with the applied release and with the protection against irreversible changes are readable and valid.",
  why: "The next `pulumi up` compares its file with them: if they are unreadable, an illegal step passes, or a change outside its window.",
  remedy:
    "Publish the stack's `release` and its protection (`guard`) as JSON, as the last resources of the program.",
  checkStack(resources, report) {
    for (const parameter of ofType(resources, types.parameter)) {
      const name = valueAt(parameter.properties, "name");
      const [, kind = ""] =
        typeof name === "string" ? (/^\/deployment-safety\/[^/]+\/([^/]+)$/.exec(name) ?? []) : [];
      const wanted = documents[kind];
      if (!wanted) continue;
      const value = parameterValue(parameter.properties);
      if (value === unknown) continue;
      const reportAt = propertyReporter(parameter, report);
      const [type, overwrite] = ["type", "overwrite"].map((key) => valueAt(parameter.properties, key));
      if (!wanted.is(document(value)))
        reportAt(
          "insecureValue",
          value,
          wanted.holds,
          "Let the program publish it; do not write it by hand.",
        );
      if (!isSame(type, "String"))
        reportAt("type", type, "String", "Nothing in it is secret, and everybody must be able to read it.");
      if (!isSame(overwrite, true))
        reportAt(
          "overwrite",
          overwrite,
          "true",
          "Without it an update killed between writing and recording the parameter makes the next one fail.",
        );
    }
  },
});
