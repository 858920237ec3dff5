import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Context, Stack } from "./context";
import { places } from "./environment";

/** Moves that scenarios have in common: bring a version live through both stacks, fill the databases. */

interface Record {
  version: string;
  image: string;
  revision: string;
}

/** What the build wrote about a version. */
export const recordOf = (context: Context, version: string): Record =>
  JSON.parse(readFileSync(join(context.copy, "releases", `${version}.json`), "utf8")) as Record;

export const digestOf = (context: Context, version: string): string =>
  recordOf(context, version).image.split("@")[1] ?? "";

/** Deploys a version to staging under load of its own, as a team's pipeline would. */
export async function deployToStaging(context: Context, version: string): Promise<void> {
  const load = context.load("staging", 50);
  try {
    await context.expect(0, "deploy", { STACK: "staging", VERSION: version });
  } finally {
    await load.stop();
  }
}

/** Fills a stack's database with the example's pupils, guardians and grades; may be repeated. */
export async function seed(context: Context, stack: Stack, version: string): Promise<void> {
  const image = join(places(context.home).images, digestOf(context, version).replace("sha256:", ""));
  const secret = await context.run([
    "kubectl",
    "-n",
    `school-${stack}`,
    "get",
    "secret",
    "school-database",
    "-o",
    "jsonpath={.data.DATABASE_URL}",
  ]);
  const url = Buffer.from(secret.stdout, "base64").toString();
  const python = join(context.copy, ".venv", "bin", "python");
  assert.ok(existsSync(image), `image of ${version} is not at ${image}`);
  const result = await context.run([
    "env",
    "-C",
    image,
    `DATABASE_URL=${url}`,
    python,
    "-m",
    "migrations.seeds",
  ]);
  assert.equal(result.exitCode, 0, `seeds of ${version} failed on ${stack}:\n${result.stderr}`);
}

/** Makes `version` the validated release of prod, whatever is live now. */
export async function bringLive(context: Context, version: string): Promise<void> {
  for (const stack of ["staging", "prod"] as const) {
    const now = await context.published(stack);
    const live = now?.slots[now.live];
    if (live?.version === version && now?.validated === digestOf(context, version)) continue;
    if (stack === "staging") {
      if (now) await deployToStaging(context, version);
      else await context.expect(0, "deploy", { STACK: stack, VERSION: version });
    } else {
      const load = now ? context.load("prod") : undefined;
      try {
        await context.expect(0, "deploy", { STACK: stack, VERSION: version });
      } finally {
        await load?.stop();
      }
    }
    if (!now) await seed(context, stack, version);
  }
}
