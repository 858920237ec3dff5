import { readCounts, type ResultKind } from "./counts";

/** For .ci/run: `count.ts KIND FILE EXIT-CODE` prints how many passed and how many failed. */
const [kind = "", file = "", exitCode = "1"] = process.argv.slice(2);
const counts = readCounts(kind as ResultKind, file, Number(exitCode));
process.stdout.write(`${counts.passed} ${counts.failed}\n`);
