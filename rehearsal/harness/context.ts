import {
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
  type Rule,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  DeleteParameterCommand,
  GetParameterCommand,
  ParameterNotFound,
  PutParameterCommand,
  SSMClient,
  paginateGetParameterHistory,
  paginateGetParametersByPath,
} from "@aws-sdk/client-ssm";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import type { Release } from "../../decisions/stack/config";
import { type Slot, parameterRoot, parameters } from "../../decisions/stack/names";
import {
  type RunningCommand,
  type CommandResult,
  startInCopy,
  makeWords,
  runInCopy,
  typed,
} from "./act/commands";
import { type Ports, awsClient, places, rehearsalEnvironment } from "./machine/environment";
import { type Load, startLoad } from "./observe/load";

export type Stack = "staging" | "prod";

/** One entry of the printed timeline. */
export interface Moment {
  at: number;
  text: string;
}

/** What a scenario works with: the commands, the load, and the real state behind them. */
export class Context {
  readonly timeline: Moment[] = [];
  private readonly loads = new Set<Load>();
  private readonly running = new Set<RunningCommand>();
  private readonly edits = new Set<() => void>();
  private readonly elb: ElasticLoadBalancingV2Client;
  private readonly ssm: SSMClient;

  constructor(
    readonly home: string,
    readonly ports: Ports,
  ) {
    this.elb = new ElasticLoadBalancingV2Client(awsClient(ports));
    this.ssm = new SSMClient(awsClient(ports));
  }

  get copy(): string {
    return places(this.home).workingCopy;
  }

  /** Adds a line to the timeline that the run ends with. */
  note(text: string, at = Date.now()): void {
    this.timeline.push({ at, text });
    process.stderr.write(`    ${new Date(at).toISOString().slice(11, 19)}  ${text}\n`);
  }

  /** Runs a program in the working copy. */
  run(words: string[], environment: Record<string, string> = {}): Promise<CommandResult> {
    return runInCopy(this.home, this.ports, words, { environment });
  }

  /** Starts a make target with JSON=1, in a process group of its own; by default in the working copy. */
  start(target: string, variables: Record<string, string> = {}, folder = this.copy): RunningCommand {
    const words = makeWords(target, variables);
    this.note(`${typed(words)} starts`);
    const command = startInCopy(this.home, this.ports, words, { folder, apart: true });
    this.running.add(command);
    return command;
  }

  /** Ends what a scenario started and, because it failed, did not end. */
  async tidy(): Promise<void> {
    for (const command of this.running) command.signal("SIGKILL");
    await Promise.allSettled([...this.running].map((command) => command.result));
    await Promise.all([...this.loads].map((load) => load.stop()));
    for (const undo of this.edits) undo();
    this.running.clear();
    this.loads.clear();
  }

  /** Runs a make target with JSON=1 and notes its start and end. */
  async make(target: string, variables: Record<string, string> = {}): Promise<CommandResult> {
    const words = makeWords(target, variables);
    this.note(typed(words));
    const result = await this.run(words);
    this.note(`${typed(words)}: exit ${result.exitCode} after ${result.seconds.toFixed(1)} s`);
    return result;
  }

  /** Runs a make target that must end with `exitCode`. */
  async expect(
    exitCode: number,
    target: string,
    variables: Record<string, string> = {},
  ): Promise<CommandResult> {
    const result = await this.make(target, variables);
    const end = result.stderr.trimEnd().split("\n").slice(-25).join("\n");
    assert.equal(
      result.exitCode,
      exitCode,
      `make ${target} ${JSON.stringify(variables)} must end with ${exitCode}; it said:\n${end}`,
    );
    return result;
  }

  /** A plain `pulumi up`, as from a terminal or a pipeline without the commands. */
  plainUp(stack: Stack): Promise<CommandResult> {
    return this.run(["pulumi", "up", "-s", stack, "--yes", "--skip-preview", "--non-interactive"]);
  }

  /** The host name of a stack's weighted rule. */
  host(stack: Stack): string {
    return this.config(stack)["deployment-safety:network"].hosts[0] ?? "";
  }

  load(stack: Stack, perSecond = 60): Load {
    const load = startLoad(`http://127.0.0.1:${this.ports[stack]}`, this.host(stack), perSecond);
    this.loads.add(load);
    return load;
  }

  /** The working copy's stack file. */
  config(stack: Stack): {
    "deployment-safety:network": { hosts: string[]; listenerArn: string };
    "deployment-safety:release": Release;
    [key: string]: unknown;
  } {
    return (parse(this.stackFile(stack)) as { config: never }).config;
  }

  stackFile(stack: Stack): string {
    return readFileSync(join(this.copy, `Pulumi.${stack}.yaml`), "utf8");
  }

  /** Changes a key of the working copy's stack file, as an edit by hand; returns a function that undoes it. */
  set(stack: Stack, key: string, value: object): () => void {
    const file = join(this.copy, `Pulumi.${stack}.yaml`);
    const path = ["config", `deployment-safety:${key}`];
    const write = (what: unknown) => {
      const document = parseDocument(readFileSync(file, "utf8"));
      document.setIn(path, what);
      // Without quotes Pulumi would not read a date or a revision of digits as text.
      writeFileSync(file, document.toString({ defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" }));
    };
    const before = this.config(stack)[`deployment-safety:${key}`] as object;
    write({ ...before, ...value });
    const undo = () => {
      if (this.edits.delete(undo)) write(before);
    };
    this.edits.add(undo);
    return undo;
  }

  /** The value of one of the stack's parameters. */
  async parameter(name: string): Promise<string | undefined> {
    try {
      return (await this.ssm.send(new GetParameterCommand({ Name: name }))).Parameter?.Value;
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  }

  databaseUrl(stack: Stack): string {
    return `postgresql://school@127.0.0.1:${this.ports.postgres}/school_${stack}`;
  }

  /** Every value that a parameter has had, oldest first, and when. */
  async valuesOf(name: string): Promise<{ value: string; at: number }[]> {
    const values: { value: string; at: number }[] = [];
    for await (const page of paginateGetParameterHistory({ client: this.ssm }, { Name: name }))
      for (const { Value = "", LastModifiedDate } of page.Parameters ?? [])
        values.push({ value: Value, at: LastModifiedDate?.getTime() ?? 0 });
    return values;
  }

  /** All of the stack's parameters, by their names below its root. */
  async parameters(stack: Stack): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const root = parameterRoot(stack);
    const pages = paginateGetParametersByPath({ client: this.ssm }, { Path: root, Recursive: true });
    for await (const page of pages)
      for (const { Name = "", Value = "" } of page.Parameters ?? []) found.set(Name.replace(root, ""), Value);
    return found;
  }

  /** Sets a parameter, or removes it. */
  async setParameter(name: string, value: object | undefined): Promise<void> {
    if (value)
      await this.ssm.send(
        new PutParameterCommand({
          Name: name,
          Value: JSON.stringify(value),
          Type: "String",
          Overwrite: true,
        }),
      );
    else await this.ssm.send(new DeleteParameterCommand({ Name: name }));
  }

  /** The release that the stack published last. */
  async published(stack: Stack): Promise<Release | undefined> {
    const value = await this.parameter(parameters.release(stack));
    return value === undefined ? undefined : (JSON.parse(value) as Release);
  }

  /** Whether a digest is on the stack's list of refused ones. */
  async refused(stack: Stack, digest: string): Promise<boolean> {
    return (await this.parameter(parameters.refused(stack, digest.replace("sha256:", "")))) !== undefined;
  }

  /** The rules of a stack's listener as they are now. */
  async rules(stack: Stack): Promise<Rule[]> {
    const listener = this.config(stack)["deployment-safety:network"].listenerArn;
    return (await this.elb.send(new DescribeRulesCommand({ ListenerArn: listener }))).Rules ?? [];
  }

  /** Gives one slot `percent` of the weight behind the program's back, as somebody in a hurry would. */
  async shiftWeight(stack: Stack, slot: Slot, percent = 100): Promise<void> {
    const weighted = (await this.rules(stack)).find(
      (rule) => (rule.Actions?.[0]?.ForwardConfig?.TargetGroups?.length ?? 0) > 1,
    );
    const groups = weighted?.Actions?.[0]?.ForwardConfig?.TargetGroups ?? [];
    const to = groups.map((group) => ({
      ...group,
      Weight: group.TargetGroupArn?.includes(`-${slot}`) ? percent : 100 - percent,
    }));
    await this.elb.send(
      new ModifyRuleCommand({
        RuleArn: weighted?.RuleArn,
        Actions: [{ Type: "forward", ForwardConfig: { TargetGroups: to } }],
      }),
    );
  }

  /** All entries of stack history, the newest first. */
  async history(stack: Stack): Promise<HistoryEntry[]> {
    const name = `organization/deployment-safety/${stack}`;
    const options = ["--stack", name, "--json", "--page-size", "1000"];
    const result = await this.run(["pulumi", "stack", "history", ...options]);
    return JSON.parse(result.stdout) as HistoryEntry[];
  }

  /** Everything that a refused command must not change. */
  async everything(stack: Stack): Promise<unknown> {
    return {
      file: this.stackFile(stack),
      published: await this.published(stack),
      rules: await this.rules(stack),
      history: (await this.history(stack)).filter(
        (entry) => entry.kind === "update" && entry.result === "succeeded",
      ).length,
    };
  }

  /** The first few failed requests of a load, for the message of a check that did not hold. */
  failures(load: Load): string {
    const failed = load.observations.filter((seen) => seen.outcome === "failed");
    const some = failed
      .slice(0, 5)
      .map((seen) => `${new Date(seen.at).toISOString().slice(11, 23)} ${seen.why ?? ""}`);
    return `${failed.length} failed, such as: ${some.join("; ")}`;
  }

  /** Environment of a command against the rehearsal. */
  get environment(): Record<string, string> {
    return rehearsalEnvironment(this.home, this.ports);
  }
}

export interface HistoryEntry {
  kind: string;
  result: string;
  message: string;
  startTime: string;
  config: Record<string, { value?: string }>;
}
