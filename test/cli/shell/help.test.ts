import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { commands } from "../../../cli/shell/catalogue";
import { commandLine } from "../../../cli/shell/commandLine";
import { commandOptions, everyOption } from "../../../cli/shell/options";
import { markdownFiles, root, targets, values } from "../../project/documents";

/** Help, make and docs say the same: what one of them lists and another does not is found by nobody at night. */

const program = commandLine(async () => undefined);

describe("the commands", () => {
  it("are targets of make, each with a line in make help", () => {
    const listed = execFileSync("make", ["help"], {
      cwd: root,
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });
    const makefile = readFileSync(join(root, "Makefile"), "utf8");
    expect(/^COMMANDS := (.*)$/m.exec(makefile)?.[1]?.split(" ").sort()).toEqual(
      Object.keys(commands).sort(),
    );
    for (const name of Object.keys(commands)) expect(listed).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
  });
  it.each(Object.entries(commands))(
    "show their options in --help, and no others: %s",
    (name, { options }) => {
      const help = program.commands.find((command) => command.name() === name)?.helpInformation() ?? "";
      const shown = [...help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
      const own = [...Object.values(everyOption), ...options.map((option) => commandOptions[option])];
      expect(shown.sort()).toEqual(own.map(({ flags }) => flags.split(" ")[0]).sort());
    },
  );
  it("take from make exactly the variables of their options: VALUES lists them, and those of other targets", () => {
    const ofOptions = Object.values({ ...everyOption, ...commandOptions }).map(({ env }) => env);
    const ofOtherTargets = ["EPHEMERAL", "SCENARIO", "PARTS", "BENCH", "SINCE", "CHANGES"];
    expect([...values].sort()).toEqual([...ofOptions, ...ofOtherTargets].sort());
  });
  it("are listed with their options in docs/commands.md, word for word", async () => {
    const rows = Object.entries(commands).map(([name, { summary, options }]) => {
      const names = options.map((option) => `\`${commandOptions[option].env}\``);
      return `| \`make ${name}\` | ${summary} | ${names.join(" ")} |`;
    });
    const options = Object.values(commandOptions).map(
      ({ env, flags, help }) => `| \`${env}\` | \`${flags}\` | ${help} |`,
    );
    const text = [
      "# Commands",
      "Written from `cli/shell/catalogue.ts` by `npx vitest run test/cli/shell/help.test.ts -u`. Every command takes `STACK=` (default prod), `JSON=1` and `ACTOR=` besides; `make <command>` takes `NAME=value` where the command line takes `--name value`; `npx --no-install deploy` is the command line of `make deploy`. Set `EPHEMERAL=1` on a machine that is gone afterwards, such as a runner: what could not be delivered then waits in the stack's queue instead of on its disk.",
      ["| command | does | takes |", "| --- | --- | --- |", ...rows].join("\n"),
      "## Options",
      ["| for make | on the command line | what it is |", "| --- | --- | --- |", ...options].join("\n"),
    ].join("\n\n");
    await expect(await format(text, { parser: "markdown", printWidth: 110 })).toMatchFileSnapshot(
      join(root, "docs/commands.md"),
    );
  });
});

describe("the docs", () => {
  const made = markdownFiles().flatMap(({ path, text }) =>
    [...text.matchAll(/`make ([a-z-]+)([^`\n]*)`|^make ([a-z-]+)(.*)$/gm)].map(
      ([, one, rest, other, more]) => ({
        path,
        target: one ?? other ?? "",
        given: [...(rest ?? more ?? "").replace(/#.*/, "").matchAll(/(?<=^| )([A-Z_]+)=/g)].map(
          ([, name]) => name ?? "",
        ),
      }),
    ),
  );
  it("name only targets of make that are there", () =>
    expect(made.filter(({ target }) => !targets.has(target))).toEqual([]));
  it("give only variables that make hands on", () =>
    expect(
      made.flatMap(({ path, given }) =>
        given.filter((name) => !values.has(name)).map((name) => `${path}: ${name}`),
      ),
    ).toEqual([]));
});
