import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSpool } from "../../../cli/audit/spool";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "spool-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the spool", () => {
  it("delivers in order, once, and goes on where it stopped", async () => {
    const spool = createSpool(folder);
    for (let number = 0; number < 20; number++) spool.add({ number });
    const got: unknown[] = [];
    const first = await spool.flush(async (content) => {
      if (got.length === 7) throw new Error("down");
      got.push(content);
    });
    expect(first).toMatchObject({ delivered: 7, left: 13, error: new Error("down") });
    expect(await createSpool(folder).flush(async (content) => void got.push(content))).toEqual({
      delivered: 13,
      left: 0,
    });
    expect(got).toEqual(Array.from({ length: 20 }, (_, number) => ({ number })));
    expect(spool.waiting()).toEqual([]);
  });

  it("keeps what is to be kept, and goes on behind it", async () => {
    const spool = createSpool(folder);
    for (const content of ["one", "two", "three"]) spool.add(content);
    const result = await spool.flush(async (content) => (content === "two" ? "keep" : undefined));
    expect(result).toEqual({ delivered: 2, left: 1 });
    expect(spool.waiting()).toEqual(["two"]);
  });

  it("stops when its time is over, though a delivery hangs, and another one may begin", async () => {
    const spool = createSpool(folder);
    spool.add("one");
    const hung = await spool.flush(() => new Promise(() => undefined), AbortSignal.timeout(20));
    expect(hung).toMatchObject({ delivered: 0, left: 1, error: { name: "TimeoutError" } });
    expect(await spool.flush(async () => undefined)).toEqual({ delivered: 1, left: 0 });
  });

  it("waits for another delivery of the same process, and leaves nothing behind", async () => {
    const spool = createSpool(folder);
    spool.add("one");
    let go = () => undefined as void;
    const first = spool.flush(() => new Promise((resolve) => (go = () => resolve())));
    spool.add("two");
    const second = createSpool(folder).flush(async () => undefined);
    setTimeout(go, 20);
    // The first one delivers what was there when it began.
    expect([await first, await second]).toEqual([
      { delivered: 1, left: 1 },
      { delivered: 1, left: 0 },
    ]);
  });

  it("does not wait for itself where a process before it had the same number", async () => {
    const spool = createSpool(folder);
    spool.add("one");
    writeFileSync(join(folder, "lock"), String(process.pid));
    expect(await spool.flush(async () => undefined)).toEqual({ delivered: 1, left: 0 });
  });

  it("has no folder before something waits, and then nothing to deliver", async () => {
    const spool = createSpool(join(folder, "none"));
    expect(await spool.flush(() => Promise.reject(new Error("never")))).toEqual({ delivered: 0, left: 0 });
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  it("leaves delivery to the process that is at it, and takes over from one that died", async () => {
    const spool = createSpool(folder);
    spool.add("one");
    const other = spawn("sleep", ["60"]);
    writeFileSync(join(folder, "lock"), String(other.pid));
    expect(await spool.flush(async () => undefined)).toMatchObject({ busy: true, left: 1 });
    const gone = new Promise((resolve) => other.once("exit", resolve));
    other.kill("SIGKILL");
    await gone;
    expect(await spool.flush(async () => undefined)).toEqual({ delivered: 1, left: 0 });
  });

  it("ignores what a killed writer left half written", async () => {
    writeFileSync(join(folder, "000-x.json.part"), "{");
    const spool = createSpool(folder);
    spool.add("whole");
    const got: unknown[] = [];
    await spool.flush(async (content) => void got.push(content));
    expect(got).toEqual(["whole"]);
    expect(readdirSync(folder)).toEqual(["000-x.json.part"]);
  });
});
