import { existsSync, readFileSync } from "node:fs";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { refusalMark } from "../../decisions/stack/names";

/** What the engine's log of events tells of an update. */

/** A resource that an update changed. */
export interface ChangedResource {
  /** create, update, delete, replace and the engine's variants of them. */
  operation: string;
  type: string;
  name: string;
}

/** Reads the log of an update. */
export function readUpdate(file: string): UpdateEvents {
  const found: UpdateEvents = { changed: [], diagnostics: [], isRefusal: false };
  for (const event of readEvents(file)) collect(event, found);
  return found;
}

/** The engine's events, one JSON object a line; a line that a killed engine left unfinished is no event. */
function readEvents(file: string): EngineEvent[] {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as EngineEvent];
    } catch {
      return [];
    }
  });
}

/** Operations that change nothing, and the two that the engine reports around a `replace`. */
const unchanged = ["same", "read", "refresh", "create-replacement", "delete-replaced"];

/** What the events of an update tell: what changed, what went wrong, and whether the program or a policy said no. */
interface UpdateEvents {
  changed: ChangedResource[];
  diagnostics: string[];
  isRefusal: boolean;
}

function collect(event: EngineEvent, found: UpdateEvents): void {
  const { changed, diagnostics } = found;
  const metadata = event.resOutputsEvent?.metadata ?? event.resOpFailedEvent?.metadata;
  if (metadata && !unchanged.includes(metadata.op) && metadata.type !== "pulumi:pulumi:Stack")
    changed.push({
      operation: metadata.op,
      type: metadata.type,
      name: metadata.urn.split("::").at(-1) ?? metadata.urn,
    });
  const diagnostic = event.diagnosticEvent;
  if (diagnostic?.severity === "error" && !diagnostic.ephemeral) {
    const text = diagnostic.message.replaceAll(/<\{%.*?%\}>/g, "").trim();
    if (text && text !== "update failed" && !diagnostics.includes(text)) diagnostics.push(text);
    found.isRefusal ||= text.split("\n").some((line) => line.startsWith(refusalMark));
  }
  const policy = event.policyEvent;
  if (policy?.enforcementLevel === "mandatory") {
    found.isRefusal = true;
    diagnostics.push(
      `Policy ${policy.policyName} forbids this: ${policy.message.replaceAll(/<\{%.*?%\}>/g, "").trim()}`,
    );
  }
}
