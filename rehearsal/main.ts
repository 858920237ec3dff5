import { Command } from "commander";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Context } from "./context";
import { places } from "./environment";
import { buildImages } from "./images";
import { deniedCalls } from "./permissions";
import { runScenarios } from "./run";
import { down, up } from "./up";

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
      const context = new Context(home, await up(project, home));
      const results = await runScenarios(context, options.scenario);
      const summary = { seconds: (Date.now() - started) / 1000, scenarios: results };
      writeFileSync(places(home).summary, JSON.stringify(summary, null, 2));
      const report = places(home).report;
      const told = await context.make("report", { OUT: report });
      // 2: a scenario that releases nothing leaves nothing to report.
      const isTold = told.exitCode === 0 || told.exitCode === 2;
      process.stdout.write(
        told.exitCode === 0
          ? `The last release as a page: ${report}\n`
          : `There is no report: ${told.stderr}\n`,
      );
      const denied = deniedCalls(project, home);
      for (const line of denied) process.stdout.write(`${line}\n`);
      if (denied.length > 0 || !isTold || results.some((result) => result.outcome === "failed"))
        process.exitCode = 1;
    } finally {
      await down(home);
    }
  });

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? `${error.message}${error.cause instanceof Error ? `\n  because: ${error.cause.message}` : ""}` : String(error)}\n`,
  );
  process.exitCode = 1;
});
