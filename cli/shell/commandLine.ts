import { Command, Option } from "commander";
import { commands, type CommandName, type Run } from "./catalogue";
import { commandOptions, everyOption, type Raw } from "./options";
import { redactText } from "./secretsOfProcess";

/** An option as --help shows it: what it is, then how make takes it. Values of the environment are read later. */
const asOption = ({ flags, help, env }: { flags: string; help: string; env: string }): Option =>
  new Option(flags, `${help} (${env}${flags.includes("<") ? "" : "=1"})`);

/** Runs one command. */
type RunCommand = (name: CommandName, raw: Raw, load: () => Promise<{ run: Run }>) => Promise<void>;

/** The command line: one subcommand a catalogue entry; nothing heavy is loaded until one runs. */
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
  for (const [name, { summary, options, load }] of Object.entries(commands)) {
    const command = root.command(name).description(summary).exitOverride();
    for (const option of Object.values(everyOption)) command.addOption(asOption(option));
    for (const option of options) command.addOption(asOption(commandOptions[option]));
    command.action(async (raw: Raw) => run(name as CommandName, raw, load));
  }
  return root;
}
