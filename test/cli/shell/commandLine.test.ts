import { execFileSync } from "node:child_process";
import { expect, it, vi } from "vitest";
import { oldNames } from "../../../cli/shell/catalogue";
import { commandLine } from "../../../cli/shell/commandLine";
import { root } from "../../project/documents";

/** What runs when these words are typed, and what stderr says of it. */
async function typed(...words: string[]): Promise<{ ran: unknown[]; said: string }> {
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const ran: unknown[] = [];
  try {
    await commandLine(async (name, raw) => void ran.push(name, raw)).parseAsync(["node", "cli", ...words]);
    return { ran, said: said.mock.calls.join("") };
  } finally {
    said.mockRestore();
  }
}

it.each(Object.entries(oldNames))(
  "the old name of a command runs the new one and says so: %s",
  async (old, name) => {
    const { ran, said } = await typed(old, "--reason", "tidy");
    expect(ran).toEqual([name, { reason: "tidy" }]);
    expect(said).toContain(`make ${old} is now make ${name}`);
    expect(execFileSync("make", ["--dry-run", old], { cwd: root, encoding: "utf8" })).toContain(
      `cli/main.ts ${old}`,
    );
  },
);

it("a new name says nothing of an old one, and the help lists no old name", async () => {
  expect((await typed("unblock")).said).toBe("");
  const help = commandLine(async () => undefined).helpInformation();
  for (const old of Object.keys(oldNames)) expect(help).not.toMatch(new RegExp(`\\b${old}\\b`));
});
