/** Namespace of the product's config keys, as Pulumi writes them: `deployment-safety:release`. */
export const configNamespace = "deployment-safety:";

/** The product's own entries of a stack's config, their keys without the namespace. */
export const ownEntries = <T>(config: Readonly<Record<string, T>>): [key: string, value: T][] =>
  Object.entries(config).flatMap(([key, value]): [string, T][] =>
    key.startsWith(configNamespace) ? [[key.slice(configNamespace.length), value]] : [],
  );

/**
 * The value that Pulumi passes as `text`: it writes a structured value as JSON, and every other one as its own text. Only
 * structures are parsed, so that `promotedFrom: "12"` stays a string; one that is not valid JSON stays text, which the
 * schema rejects.
 */
export function configValue(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
