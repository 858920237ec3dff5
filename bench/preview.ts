import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, timed, withReleaseLive } from "./rehearsed";

/** How much a preview without changes costs, without the policy pack (bench/policies.ts measures that): the prod program against the floor, a program that only imports @pulumi/pulumi. */

const rounds = 5;
const project = process.cwd();

/** A program that imports only the Pulumi SDK and exports nothing, with the project's own tsconfig. */
function floorProgram(): string {
  const folder = mkdtempSync(join(tmpdir(), "deployment-safety-floor-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: floor\nruntime: nodejs\n");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "floor", main: "index.ts" }));
  writeFileSync(join(folder, "index.ts"), 'import "@pulumi/pulumi";\n');
  copyFileSync(join(project, "tsconfig.json"), join(folder, "tsconfig.json"));
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Seconds of both, alternating. */
function measure(floor: string): { floor: number[]; prod: number[] } {
  timed(
    `cd '${floor}' && pulumi stack init organization/floor/floor && pulumi up -s floor --yes --skip-preview`,
  );
  const seconds = { floor: [] as number[], prod: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    seconds.floor.push(timed(`cd '${floor}' && pulumi preview -s floor`));
    seconds.prod.push(timed("pulumi preview -s prod --expect-no-changes"));
  }
  return seconds;
}

/** Brings a release live in the rehearsal and writes `preview.json`: seconds of both, alternating, and the ratio of the medians. */
export function preview(): void {
  const floor = floorProgram();
  try {
    const seconds = withReleaseLive(() => measure(floor));
    const result = {
      ratio: median(seconds.prod) / median(seconds.floor),
      medianFloor: median(seconds.floor),
      medianProd: median(seconds.prod),
      seconds,
      rounds,
    };
    const file = join(project, "bench", "results", "preview.json");
    mkdirSync(join(project, "bench", "results"), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(result, null, 2) + "\n");
    renameSync(`${file}.new`, file);
    process.stdout.write(
      `preview: prod ${result.medianProd.toFixed(2)} s, floor ${result.medianFloor.toFixed(2)} s, ratio ${result.ratio.toFixed(2)}\n`,
    );
  } finally {
    rmSync(floor, { recursive: true, force: true });
  }
}
