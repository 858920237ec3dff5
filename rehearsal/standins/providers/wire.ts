/** Property values as Pulumi's gRPC protocol carries them, and the errors and names that it understands. */
import { createHash } from "node:crypto";
import { Metadata, status } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A resource's inputs or outputs. */
export type Props = { [key: string]: Json };

/** The string that stands for a value which a preview cannot know yet (fixed by Pulumi's protocol). */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** True for an object, false for arrays and null. */
export const isObject = (value: unknown): value is Props =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `value` without null and undefined entries, so that an absent and an empty property are the same. */
export function prune(value: unknown): Json {
  if (Array.isArray(value)) return value.map(prune);
  if (!isObject(value)) return (value ?? null) as Json;
  const entries = Object.entries(value).filter(([, entry]) => entry !== null && entry !== undefined);
  return Object.fromEntries(entries.map(([key, entry]) => [key, prune(entry)]));
}

/** The properties in a message; {} if it has none. */
export const fromStruct = (struct: Struct | undefined): Props => prune(struct?.toJavaScript() ?? {}) as Props;

export const toStruct = (props: object): Struct =>
  Struct.fromJavaScript(prune(props) as Parameters<typeof Struct.fromJavaScript>[0]);

/** An automatic name as Pulumi makes them: seven random digits, the same in a preview and the update after it. */
export const nameFrom = (prefix: string, seed: Uint8Array): string =>
  prefix + createHash("sha256").update(seed).digest("hex").slice(0, 7);

/** An object that was made but is not ready: the engine keeps it in state and goes on with it in the next update. */
export class InitFailed extends Error {
  constructor(
    readonly state: { id: string; outputs: Props; inputs: Props },
    readonly reasons: string[],
  ) {
    super(`${state.id} exists but is not ready: ${reasons.join("; ")}`);
  }
}

/** The gRPC error of anything thrown; an {@link InitFailed} carries its state in the status details. */
export function grpcError(thrown: unknown): { code: status; details: string; metadata: Metadata } {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const metadata = new Metadata();
  if (error instanceof InitFailed) {
    const { id, outputs, inputs } = error.state;
    const partial = new ErrorResourceInitFailed().setId(id).setReasonsList(error.reasons);
    const any = new Any();
    any.pack(
      partial.setProperties(toStruct(outputs)).setInputs(toStruct(inputs)).serializeBinary(),
      "pulumirpc.ErrorResourceInitFailed",
    );
    const full = new Status().setCode(status.UNKNOWN).setMessage(error.message).setDetailsList([any]);
    // The name that gRPC reserves for structured errors; the engine looks nowhere else.
    metadata.add("grpc-status-details-bin", Buffer.from(full.serializeBinary()));
  }
  const details = error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
  return { code: status.UNKNOWN, details, metadata };
}
