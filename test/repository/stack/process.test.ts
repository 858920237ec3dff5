import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it, vi } from "vitest";
import { isAlive } from "../../../repository/stack/process";

it("a process that has ended but that its parent has not collected is not alive", async () => {
  const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 5"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const child = Number(line.toString());
  await vi.waitFor(() => expect(isAlive(child)).toBe(false), 3000);
  expect(process.kill(child, 0)).toBe(true);
  expect(isAlive(parent.pid ?? 0)).toBe(true);
  parent.kill("SIGKILL");
});
