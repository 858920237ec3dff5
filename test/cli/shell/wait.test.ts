import { describe, expect, it } from "vitest";
import { retry, wait } from "../../../cli/shell/wait";

const failing = (times: number) => {
  const calls: number[] = [];
  const action = async () => {
    calls.push(calls.length);
    if (calls.length <= times) throw new Error(`failure ${calls.length}`);
    return "done";
  };
  return { calls, action };
};

describe("retry", () => {
  it("comes back with the first success", async () => {
    const { calls, action } = failing(2);
    expect(await retry(action, { firstPause: 1 })).toBe("done");
    expect(calls).toHaveLength(3);
  });
  it("throws the last error after its attempts: a throttled call never counts as a success", async () => {
    const { calls, action } = failing(9);
    await expect(retry(action, { firstPause: 1, attempts: 3 })).rejects.toThrow("failure 3");
    expect(calls).toHaveLength(3);
  });
  it("does not repeat what no repetition heals", async () => {
    const { calls, action } = failing(9);
    await expect(retry(action, { again: () => false })).rejects.toThrow("failure 1");
    expect(calls).toHaveLength(1);
  });
  it("ends with the signal's reason when it is told to stop", async () => {
    const abort = new AbortController();
    abort.abort(new Error("interrupted"));
    await expect(retry(failing(9).action, { signal: abort.signal })).rejects.toThrow("interrupted");
  });
});

describe("wait", () => {
  it("ends early with the signal's reason", async () => {
    const abort = new AbortController();
    const waiting = wait(60_000, abort.signal);
    abort.abort(new Error("interrupted"));
    await expect(waiting).rejects.toThrow("interrupted");
  });
});
