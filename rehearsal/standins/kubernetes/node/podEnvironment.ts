import type { V1Container, V1EnvVar, V1Pod } from "@kubernetes/client-node";

/** What a pod's variables may refer to: the entries of its namespace's Secrets (decoded) and ConfigMaps, by name. */
export interface Sources {
  secret: ReadonlyMap<string, Readonly<Record<string, string>>>;
  configMap: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/**
 * A container's variables: envFrom, then env, later entries win. All issues (an absent Secret, key or field) come together,
 * as the kubelet words them.
 */
export function podEnvironment(
  pod: V1Pod,
  container: V1Container,
  podIP: string,
  sources: Sources,
): { ok: true; variables: Record<string, string> } | { ok: false; issues: string[] } {
  const variables: Record<string, string> = {};
  const issues: string[] = [];

  const whole = (
    kind: "secret" | "configMap",
    reference: { name?: string; optional?: boolean },
    prefix: string,
  ) => {
    const entries = sources[kind].get(reference.name ?? "");
    if (!entries && !reference.optional)
      issues.push(`${kind.toLowerCase()} "${reference.name ?? ""}" not found`);
    for (const [key, value] of Object.entries(entries ?? {})) variables[prefix + key] = value;
  };
  for (const { prefix = "", secretRef, configMapRef } of container.envFrom ?? []) {
    if (configMapRef) whole("configMap", configMapRef, prefix);
    if (secretRef) whole("secret", secretRef, prefix);
  }

  for (const variable of container.env ?? []) {
    const { value, issue } = resolve(variable);
    if (issue) issues.push(issue);
    if (value !== undefined) variables[variable.name] = value;
  }
  return issues.length > 0 ? { ok: false, issues } : { ok: true, variables };

  function resolve({ name, value, valueFrom }: V1EnvVar): { value?: string; issue?: string } {
    if (!valueFrom) return { value: value ?? "" };
    if (valueFrom.fieldRef) {
      const found = field(valueFrom.fieldRef.fieldPath);
      return found === undefined
        ? { issue: `${name}: field "${valueFrom.fieldRef.fieldPath}" is not known here` }
        : { value: found };
    }
    for (const kind of ["secret", "configMap"] as const) {
      const reference = valueFrom[`${kind}KeyRef`];
      if (!reference) continue;
      const found = sources[kind].get(reference.name ?? "")?.[reference.key];
      if (found !== undefined) return { value: found };
      return reference.optional
        ? {}
        : { issue: `couldn't find key ${reference.key} in ${kind} "${reference.name ?? ""}"` };
    }
    return { issue: `${name}: its kind of valueFrom is not part of the rehearsal` };
  }

  function field(path: string): string | undefined {
    const labelled = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
    if (labelled) return pod.metadata?.[labelled[1] as "labels" | "annotations"]?.[labelled[2] ?? ""] ?? "";
    return {
      "metadata.name": pod.metadata?.name,
      "metadata.namespace": pod.metadata?.namespace,
      "metadata.uid": pod.metadata?.uid,
      "spec.nodeName": pod.spec?.nodeName,
      "spec.serviceAccountName": pod.spec?.serviceAccountName,
      "status.podIP": podIP,
      "status.hostIP": "127.0.0.1",
    }[path];
  }
}

/** What a pod asks for that this node does not do; nothing that changes how a container runs is passed over in silence. */
export function unsupported(pod: V1Pod): string[] {
  const issues = pod.spec?.initContainers?.length ? ["initContainers"] : [];
  for (const { name, lifecycle, command, workingDir, ...container } of pod.spec?.containers ?? []) {
    const hook = lifecycle?.preStop;
    if (!command?.length) issues.push(`${name}: no command (an image's entry point is not known here)`);
    if (workingDir) issues.push(`${name}: workingDir`);
    if (lifecycle?.postStart) issues.push(`${name}: lifecycle.postStart`);
    if (hook && !hook.sleep && !hook.exec)
      issues.push(`${name}: lifecycle.preStop other than sleep and exec`);
    for (const kind of ["startupProbe", "livenessProbe", "readinessProbe"] as const) {
      if (container[kind] && !container[kind].httpGet) issues.push(`${name}: ${kind} other than httpGet`);
    }
  }
  return issues;
}
