import * as liveState from "../policies/approval/liveState";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "../policies/rules";
import type { PolicyContext } from "../policies/rule";
import { awsGuardPolicies, judgedByAwsGuard } from "./policies/awsguard";
import { type Mutant, mutants } from "./policies/mutants";
import { overhead } from "./policies/overhead";
import { judge, policyConfig, recordedProd } from "./policies/recorded";
import { explained, type Reason } from "./policies/survivors";

/**
 * How much the pack sees: each property of a recorded preview of prod is removed, and then made false, zero, a wildcard or
 * empty. What does not matter is in policies/indifferent.json, with reasons; what does and is seen by no policy is in
 * policies/survivors.json, with reasons too. The same mutants by AWSGuard.
 */

interface Indifferent {
  /** Pattern of `<type> <path>`, between slashes. */
  path: string;
  except?: string;
  /** Only this change; absent: both. */
  change?: "removed" | "set";
  reason: string;
}

const context: PolicyContext = {
  root: join(__dirname, ".."),
  parameters: () => Promise.resolve(new Map()),
  liveState: () => liveState,
  now: new Date("2026-11-24T12:00:00Z"),
  stack: "prod",
  isPreview: true,
  config: {
    "deployment-safety:database": JSON.stringify({
      arn: "arn:aws:rds:eu-central-1:123456789012:db:school-prod",
    }),
  },
};

const pattern = (text: string): RegExp => new RegExp(text.slice(1, -1));

const reasonFor = (list: readonly Indifferent[], { type, path, change }: Mutant): string | undefined =>
  list.find((one) => {
    const subject = `${type} ${path}`;
    if (one.change === "removed" ? change !== "removed" : one.change === "set" && change === "removed")
      return false;
    return (
      pattern(one.path).test(subject.replace(" ", one.path.startsWith("/\\.") ? " ." : " ")) &&
      !(one.except && pattern(one.except).test(subject))
    );
  })?.reason;

const listed = <Entry>(name: string): Entry[] =>
  JSON.parse(readFileSync(join(__dirname, "policies", `${name}.json`), "utf8")) as Entry[];

/**
 * Judges every mutant of the recorded preview, by the pack and by AWSGuard.
 * @throws Error where a survivor has no reason.
 */
export async function mutation() {
  const list = listed<Indifferent>("indifferent");
  const stack = recordedProd();
  const settings = policyConfig("prod");
  const before = await judge(rules, stack, settings, context);
  const judged = rules.filter(({ id }) => !before.has(id));
  const guard = awsGuardPolicies();
  await seesItsOwn(guard);
  const guardBefore = await judgedByAwsGuard(guard, stack);
  const counts = { mutants: 0, indifferent: 0, judged: 0, caught: 0, awsGuardCaught: 0 };
  const indifferent: Record<string, number> = {};
  const survivors: string[] = [];
  for (const mutant of mutants(stack)) {
    counts.mutants += 1;
    const reason = reasonFor(list, mutant);
    if (reason !== undefined) {
      counts.indifferent += 1;
      indifferent[reason] = (indifferent[reason] ?? 0) + 1;
      continue;
    }
    counts.judged += 1;
    if ((await judge(judged, mutant.stack, settings, context)).size > 0) counts.caught += 1;
    else survivors.push(`${mutant.type} ${mutant.name} ${mutant.path} ${mutant.change}`);
    const byGuard = await judgedByAwsGuard(
      guard,
      mutant.stack.filter(({ name, type }) => name === mutant.name && type === mutant.type),
    );
    if ([...byGuard].some((name) => !guardBefore.has(name))) counts.awsGuardCaught += 1;
  }
  return {
    caught: counts.caught / counts.judged,
    awsGuardCaught: counts.awsGuardCaught / counts.judged,
    indifferentShare: counts.indifferent / counts.mutants,
    counts,
    resources: stack.length,
    policies: rules.length,
    brokenByProd: Object.fromEntries(before),
    awsGuard: { policies: guard.length, brokenByProd: [...guardBefore] },
    indifferent,
    survivors: explained(survivors, listed<Reason>("survivors")),
  };
}

/** Writes `policies.json`. */
export async function policies(): Promise<void> {
  const seen = await mutation();
  const cost = overhead();
  const result = { ...cost, ...seen };
  const file = join(__dirname, "results/policies.json");
  mkdirSync(join(__dirname, "results"), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(result, null, 2)}\n`);
  renameSync(`${file}.new`, file);
  process.stdout.write(
    `policies: ${(result.caught * 100).toFixed(1)} % of ${seen.counts.judged} mutants caught (${(result.indifferentShare * 100).toFixed(1)} % set aside), AWSGuard ${(result.awsGuardCaught * 100).toFixed(1)} %; a preview takes ${cost.overheadRatio.toFixed(2)} times as long with the pack\n`,
  );
}

/** A comparison with a pack that is not running at all would be worth nothing: it must see a fault of its own kind. */
async function seesItsOwn(guard: ReturnType<typeof awsGuardPolicies>): Promise<void> {
  const inputs = { backupRetentionPeriod: 0, publiclyAccessible: true };
  const type = "aws:rds/instance:Instance";
  const control = {
    type,
    name: "control",
    urn: "control",
    protect: false,
    inputs,
    outputs: inputs,
    references: {},
  };
  const broken = await judgedByAwsGuard(guard, [control]);
  if (!broken.has("rds-instance-backup-enabled"))
    throw new Error(
      `AWSGuard does not see a database without backups; it sees ${[...broken].join(", ") || "nothing"}.`,
    );
}
