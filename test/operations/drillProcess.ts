import { runDrill } from "../../operations/drill";
import { createArchive } from "../../operations/ports/recovery/archive";
import type { Cluster } from "../../bench/drill/cluster";

/** One drill in a process of its own, which says each step on stdout before it does it, so that a test can end it there. */
const { live, recovery, prefix } = JSON.parse(process.argv[2] ?? "{}") as Pick<
  Cluster,
  "live" | "recovery"
> & {
  prefix: string;
};

void runDrill({
  source: createArchive(recovery, prefix),
  live,
  prefix,
  tables: [],
  actor: "ada",
  report: {
    say: () => undefined,
    step: (name, action) => {
      process.stdout.write(`${name}\n`);
      return action({ name, from: 0 });
    },
  },
}).then(({ ok }) => process.stdout.write(`end ${ok}\n`));
