import type { Copy, Order, RecoverySource } from "../../../cli/ports/recovery/source";
import { assertCopy } from "../../../cli/ports/recovery/source";
import type { Restorable } from "../../../decisions/recovery/window";

/** Recovery in memory: copies that are made, found again and removed; what is in them is not of interest. */
export class MemoryRecovery implements RecoverySource {
  readonly name = "archive";
  readonly precision = 0;
  readonly limitMinutes = 10;
  window: Restorable | undefined = { oldest: "2026-11-20T00:00:00Z", newest: "2026-11-24T12:00:00Z" };
  held: Copy[] = [];
  points: string[] = [];
  /** What the next restore, removal or recovery point ends with. */
  failing: Partial<Record<"restore" | "remove" | "takePoint" | "newestPoint", Error>> = {};
  /** Host of a copy, by its id. */
  hosts = new Map<string, string>();

  constructor(private readonly prefix: string) {}

  private fail(what: keyof MemoryRecovery["failing"]): void {
    const error = this.failing[what];
    if (error) throw error;
  }

  restorable = async () => this.window;
  reach = async () => undefined;
  async restore({ id, purpose, target }: Order): Promise<void> {
    this.held.push({ id, purpose, target, ready: false });
    this.fail("restore");
  }
  connection = async (id: string, live: object) => ({
    ...live,
    host: this.hosts.get(id) ?? `${id}.example.com`,
  });
  instructions = async (id: string) => [`Look into it at ${id}.`];
  async markReady(id: string): Promise<void> {
    this.held = this.held.map((copy) => (copy.id === id ? { ...copy, ready: true } : copy));
  }
  copies = async () => [...this.held];
  async remove(id: string): Promise<void> {
    assertCopy(id, this.prefix);
    this.fail("remove");
    this.held = this.held.filter((copy) => copy.id !== id);
  }
  async newestPoint(): Promise<string | null> {
    this.fail("newestPoint");
    return this.points.at(-1) ?? null;
  }
  async takePoint(): Promise<string> {
    this.fail("takePoint");
    this.points.push("2026-11-24T00:00:00.000Z");
    return "2026-11-24T00:00:00.000Z";
  }
}
