import { Command, Option } from "commander";
import { commands, oldNames, type CommandName, type Run } from "./catalogue";
import { commandOptions, everyOption, type Raw } from "./options";
import { redactText } from "./redact";

/**
 * An option as --help shows it: what it is, then how make passes it. The environment is read later, by the option's own row:
 * commander's `env()` takes a switch for on whatever its variable says (`DRY_RUN=`, `JSON=0`), and an empty value for one.
 */
const asOption = ({ flags, help, env }: { flags: string; help: string; env: string }): Option =>
  new Option(flags, `${help} (${env}${flags.includes("<") ? "" : "=1"})`);

/** Runs one command. */
type RunCommand = (name: CommandName, raw: Raw, load: () => Promise<{ run: Run }>) => Promise<void>;

/** The command line: one subcommand for each catalogue entry. Nothing heavy is loaded until one runs. */
export function commandLine(run: RunCommand): Command {
  const root = new Command("cli")
    .description(
      "Releases that are safe to make and quick to undo. Options may also come from the environment.",
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(redactText(text)),
      writeErr: (text) => process.stderr.write(redactText(text)),
    })
    .showHelpAfterError("(add --help for what is allowed)");
  const add = (typed: string, name: CommandName) => {
    const { summary, options, load } = commands[name];
    const isOld = typed !== name;
    const command = root.command(typed, { hidden: isOld }).description(summary).exitOverride();
    for (const option of Object.values(everyOption)) command.addOption(asOption(option));
    for (const option of options) command.addOption(asOption(commandOptions[option]));
    command.action(async (raw: Raw) => {
      if (isOld)
        process.stderr.write(`make ${typed} is now make ${name}; the next release drops the old name\n`);
      await run(name, raw, load);
    });
  };
  for (const name of Object.keys(commands) as CommandName[]) add(name, name);
  for (const [old, name] of Object.entries(oldNames)) add(old, name);
  return root;
}
