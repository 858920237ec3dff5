import { audit } from "./audit";
import { drill } from "./drill";
import { gate } from "./gate";
import { migrations } from "./migrations";
import { policies } from "./policies";
import { preview } from "./preview";

const benchmarks: Readonly<Record<string, () => void | Promise<void>>> = {
  audit,
  drill,
  gate,
  migrations,
  policies,
  preview,
};

/** Runs the benchmarks named on the command line, or all of them, one after another; each writes `bench/results/<name>.json`. */
async function main(names: string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in benchmarks));
  if (unknown.length > 0)
    throw new Error(`no benchmark ${unknown.join(", ")}; there are ${Object.keys(benchmarks).join(", ")}`);
  for (const name of names.length > 0 ? names : Object.keys(benchmarks)) await benchmarks[name]?.();
}

main(process.argv.slice(2).filter(Boolean)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
