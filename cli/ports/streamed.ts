import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Arguments of {@link streamed}. */
export interface Streamed {
  folder: string;
  /** Added to this process's environment. */
  environment: Record<string, string>;
  /** Gets what the program says, line by line, without blank ones. */
  output: (line: string) => void;
  /** Interrupts the program (SIGINT), which then ends in its own time. */
  signal: AbortSignal;
}

/** Runs a program and hands on what it says while it runs; gives its exit code (1 after a signal) and the whole text. */
export async function streamed(
  program: string,
  words: readonly string[],
  { folder, environment, output, signal }: Streamed,
): Promise<{ code: number; text: string }> {
  const child = spawn(program, words, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const interrupt = () => child.kill("SIGINT");
  signal.addEventListener("abort", interrupt);
  if (signal.aborted) interrupt();
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => {
      text += `${line}\n`;
      if (line.trim()) output(line.trimEnd());
    });
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code: code ?? 1, text }));
    });
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}
