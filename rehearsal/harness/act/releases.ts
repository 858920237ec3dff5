import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parameters } from "../../../decisions/stack/names";
import type { Context, Stack } from "../context";
import { places } from "../machine/environment";
import { buildVariant } from "../machine/images";
import { commitWorkingCopy } from "./signers";

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
  await allowIfRefused(context, "staging", version);
  const load = context.load("staging", 50);
  try {
    await context.expect(0, "deploy", { STACK: "staging", VERSION: version });
    await proveDowngrade(context, version);
  } finally {
    await load.stop();
  }
}

/** Staging takes its database down and up again, where production has yet to take the revision and asks for that. */
async function proveDowngrade(context: Context, version: string): Promise<void> {
  const prod = await context.published("prod");
  const live = prod?.slots[prod.live];
  if (!live || prod.migration?.revision === recordOf(context, version).revision) return;
  const known = parameters.evidence("prod", "validated", digestOf(context, version).replace("sha256:", ""));
  // What was good there before is gone back to; production takes no revision for it.
  if ((await context.parameter(known)) !== undefined) return;
  await context.expect(0, "prove-downgrade", { STACK: "staging", VERSION: live.version, YES: "1" });
}

/** Fills a stack's database with the example's pupils, guardians and grades; may be repeated. */
export async function seed(context: Context, stack: Stack, version: string): Promise<void> {
  const image = join(places(context.home).images, digestOf(context, version).replace("sha256:", ""));
  const python = join(context.copy, ".venv", "bin", "python");
  assert.ok(existsSync(image), `image of ${version} is not at ${image}`);
  const result = await context.run(["env", "-C", image, python, "-m", "migrations.seeds"], {
    DATABASE_URL: context.databaseUrl(stack),
  });
  assert.equal(result.exitCode, 0, `seeds of ${version} failed on ${stack}:\n${result.stderr}`);
}

/** Builds a release that differs from `version` in nothing but its digest, and gives its name. */
export function variant(context: Context, name: string, version = "1.2.0"): string {
  buildVariant(context.copy, places(context.home).images, version, name);
  commitWorkingCopy(context.copy, `Release ${name}`);
  return name;
}

/**
 * What a person types who puts a release before people that staging never saw: staging would have found out, and most
 * scenarios are about what happens if it did not.
 */
export const unseenByStaging = {
  OVERRIDE: "staging-validated",
  REASON: "rehearsed mistake",
  ACTOR: "rehearsal",
};

/** Whether `version` is live and validated on a stack. */
async function isLive(context: Context, stack: Stack, version: string): Promise<boolean> {
  const now = await context.published(stack);
  return now?.slots[now.live]?.version === version && now.validated === digestOf(context, version);
}

/** Makes `version` the validated release of prod, whatever is live now and whatever an earlier scenario left refused. */
export async function bringLive(context: Context, version: string): Promise<void> {
  if (await isLive(context, "prod", version)) return;
  for (const stack of ["staging", "prod"] as const) {
    if (await isLive(context, stack, version)) continue;
    const first = (await context.published(stack)) === undefined;
    const load = first ? undefined : context.load(stack);
    try {
      await allowIfRefused(context, stack, version);
      await context.expect(0, "deploy", { STACK: stack, VERSION: version });
      if (stack === "staging" && !first) await proveDowngrade(context, version);
    } finally {
      await load?.stop();
    }
    if (first) await seed(context, stack, version);
  }
}

/** Makes `version` the validated release of prod with `before`, the release before it, in the standby slot. */
export async function bringLiveAfter(context: Context, before: string, version: string): Promise<void> {
  const now = await context.published("prod");
  const held = Object.values(now?.slots ?? {}).some((slot) => slot?.version === before);
  if (held && (await isLive(context, "prod", version))) return;
  await bringLive(context, before);
  await bringLive(context, version);
}

/** Whatever an earlier rollback refused, a scenario begins with a version that may be deployed. */
export async function allowIfRefused(context: Context, stack: Stack, version: string): Promise<void> {
  if (await context.refused(stack, digestOf(context, version))) await allow(context, stack, version);
}

/** Takes a version off a stack's list of refused digests, as a person would who knows why it was put there. */
export async function allow(context: Context, stack: Stack, version: string): Promise<void> {
  await context.expect(0, "unblock", {
    STACK: stack,
    DIGEST: digestOf(context, version),
    REASON: "it was refused by a rehearsed rollback",
    ACTOR: "rehearsal",
    YES: "1",
  });
}
