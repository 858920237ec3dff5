import { describe, expect, it } from "vitest";
import { lockOwners } from "../../../cli/ports/engine";

const line = "  file:///state/.pulumi/locks/x.json: created by ada@ci-7 (pid 4711) at 2026-11-24T12:00:00Z";

describe("lockOwners", () => {
  it("reads who holds the backend's lock, on which machine and since when", () =>
    expect(lockOwners(`error: the stack is currently locked by 1 lock(s).\n${line}`)).toEqual([
      { text: "ada@ci-7 (pid 4711) since 2026-11-24T12:00:00Z", host: "ci-7", pid: 4711 },
    ]));
  it("names an owner once although the message comes twice", () =>
    expect(lockOwners(`${line}\n${line}`)).toHaveLength(1));
  it("knows nobody where the backend names nobody", () =>
    expect(lockOwners("[409] Conflict: Another update is currently in progress.")).toEqual([]));
});
