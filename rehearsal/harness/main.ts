import { Command } from "commander";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Context } from "./context";
import { places } from "./machine/environment";
import { buildImages } from "./machine/images";
import { withListener } from "./act/incidents";
import { deniedCalls } from "./permissions/calls";
import { runScenarios } from "./run";
import { SecretSearch } from "./observe/secrets";
import { down, up } from "./machine/up";

/** `up`, `down` and `run` of the rehearsal; the make targets call these. */
const project = process.cwd();
const home = join(project, ".rehearsal");
mkdirSync(home, { recursive: true });

const program = new Command("rehearsal").description(
  "A stand-in for the cloud on one machine, with the real engine, database and traffic.",
);

program
  .command("up")
  .description("start it and leave it running")
  .action(async () => {
    await up(project, home).catch(async (error: unknown) => {
      await down(home);
      throw error;
    });
    process.stdout.write(
      `Next: . .rehearsal/env, then make deploy STACK=staging VERSION=1.0.0; at the end make rehearsal-down\n`,
    );
  });

program
  .command("down")
  .description("end what `up` started")
  .action(() => down(home));

program
  .command("images")
  .description("build the example's releases into `<folder>/images`, their records into `<folder>/releases`")
  .argument("<folder>")
  .action((folder: string) => {
    mkdirSync(join(folder, "images"), { recursive: true });
    buildImages(project, join(folder, "images"), join(folder, "releases"));
  });

program
  .command("run")
  .description("start it, run scenarios, end it")
  .option("--scenario <name>", "one scenario, or `all`", "")
  .action(async (options: { scenario: string }) => {
    const started = Date.now();
    const interrupted = () => void down(home).finally(() => process.exit(130));
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    try {
      await runAndReport(new Context(home, await up(project, home)), options.scenario, started);
    } finally {
      await down(home);
    }
  });

/** Runs scenarios, and ends with the last release's page and with what none of them may have done. */
async function runAndReport(context: Context, scenario: string, started: number): Promise<void> {
  const print = (text: string) => process.stdout.write(`${text}\n`);
  const secrets = new SecretSearch(home, context.ports);
  await withListener(async ({ texts }) => {
    const scenarios = await runScenarios(context, scenario);
    const { report, summary } = places(home);
    const reported = await context.make("report", { OUT: report });
    print(
      reported.exitCode === 0
        ? `The last release as a page: ${report}`
        : `There is no report: ${reported.stderr}`,
    );
    const leaks = await secrets.end(texts);
    const seconds = (Date.now() - started) / 1000;
    writeFileSync(summary, JSON.stringify({ seconds, scenarios, secrets: leaks }, null, 2));
    const denied = deniedCalls(project, home);
    for (const line of [...denied, ...leaks.issues]) print(line);
    if (leaks.issues.length === 0) print(leaks.summary);
    // 2: a scenario that releases nothing leaves nothing to report.
    const isReported = reported.exitCode === 0 || reported.exitCode === 2;
    const isFailed = scenarios.some(({ outcome }) => outcome === "failed");
    if (denied.length + leaks.issues.length > 0 || !isReported || isFailed) process.exitCode = 1;
  }).finally(() => secrets.stop());
}

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? `${error.message}${error.cause instanceof Error ? `\n  because: ${error.cause.message}` : ""}` : String(error)}\n`,
  );
  process.exitCode = 1;
});
