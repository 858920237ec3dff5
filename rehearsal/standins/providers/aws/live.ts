/** What the types that moto holds have in common. */
import type { Json, Props } from "../wire";
import type { Fields } from "./fields";

/** How one resource type is handled through the AWS SDK. Inputs carry all tags, the provider's default ones too. */
export interface Live {
  /** The properties that reach the API; any other one that is declared is refused. `region` and `tags` are understood. */
  fields: Fields;
  /** Makes it and returns its id; it must fail if it is there already. */
  create(region: string, inputs: Props): Promise<string>;
  /** Everything known of it, in the property names of the Pulumi SDK, tags as `tagsAll`; undefined when it is gone. */
  read(region: string, id: string): Promise<Record<string, unknown> | undefined>;
  /** `now` is what `read` gave just before. */
  update(region: string, id: string, inputs: Props, now: Record<string, unknown>): Promise<void>;
  remove(region: string, id: string): Promise<unknown>;
  /** Sets tags and takes away those named in `gone`. */
  tag(region: string, id: string, tags: Tag[], gone: string[]): Promise<void>;
}

export interface Tag {
  Key?: string | undefined;
  Value?: string | undefined;
}

export const tagList = (tags: Json | undefined): { Key: string; Value: string }[] =>
  Object.entries((tags ?? {}) as Record<string, string>).map(([Key, Value]) => ({ Key, Value }));

export const tagMap = (tags: Tag[] | undefined): Record<string, string> =>
  Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));

/** The result of a call; undefined if AWS says that the thing is not there. */
export async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && /NotFound(Exception)?$/.test(error.name)) return undefined;
    throw error;
  }
}

/** One client per region, made when it is first needed. The SDK itself retries throttling and 5xx, with back-off. */
export function perRegion<Client>(make: (options: { region: string; maxAttempts: number }) => Client) {
  const clients = new Map<string, Client>();
  return (region: string): Client => {
    const client = clients.get(region) ?? make({ region, maxAttempts: 5 });
    clients.set(region, client);
    return client;
  };
}
