import { execFileSync } from "node:child_process";
import type { Author, Giver } from "../../decisions/approval/evidence";

/** What git knows of a file: who changed it last, and whether it is committed. */

/** A question that git cannot answer here, with what to do. */
export class GitFault extends Error {
  constructor(
    message: string,
    /** What to do next. */
    readonly next: string,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = "GitFault";
  }
}

/** Limit of one question, milliseconds; git answers in a few. */
const limitMilliseconds = 20_000;

/**
 * Runs git in `root`. Replacement refs are left out and the user's own output settings do not apply: who wrote a commit
 * must not depend on the machine that asks.
 */
function git(root: string, words: readonly string[]): string {
  try {
    return execFileSync("git", ["--no-replace-objects", "--literal-pathspecs", "-C", root, ...words], {
      encoding: "utf8",
      timeout: limitMilliseconds,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0" },
    });
  } catch (error) {
    const { code, stderr = "" } = error as NodeJS.ErrnoException & { stderr?: string };
    const install = "Install git, then run the command again.";
    if (code === "ENOENT")
      throw new GitFault("git is not on PATH, so it is not known who wrote what", install, error);
    const said = stderr.trim().split("\n").at(-1) || String(error);
    const clone = "Run the command in a full clone of the project (`git clone`), not in a copy of its files.";
    throw new GitFault(`git cannot be asked in ${root}: ${said}`, clone, error);
  }
}

/** @throws GitFault in a shallow clone, where the commit that added a file may be cut off and a later one shows as its author. */
export function refuseShallow(root: string): void {
  if (git(root, ["rev-parse", "--is-shallow-repository"]).trim() !== "true") return;
  throw new GitFault(
    "this is a shallow clone: who added a file cannot be told from the commits that are here",
    "Run `git fetch --unshallow`; in CI check out the whole history (actions/checkout: `fetch-depth: 0`).",
  );
}

/** Whether a file differs from what is committed, or is not committed at all. */
export const isUncommitted = (root: string, file: string): boolean =>
  git(root, ["status", "--porcelain", "--untracked-files=all", "--ignored", "--", file]).trim() !== "";

const fields = ["%H", "%an", "%aN", "%ae", "%aE", "%G?", "%GS"].join("%x00");

/**
 * Author and signature of the commit that adds a file or changed it last; undefined where no commit has it.
 * @param allowedSigners file of SSH keys and whose they are (ssh-keygen's ALLOWED SIGNERS), for signatures by SSH keys
 */
export function lastChange(root: string, file: string, allowedSigners: string): Giver | undefined {
  const settings = [
    `gpg.ssh.allowedSignersFile=${allowedSigners}`,
    "gpg.ssh.program=ssh-keygen",
    "log.showSignature=false",
  ];
  const log = ["log", "-1", "--no-color", `--format=${fields}`, "--", file];
  const said = git(root, [...settings.flatMap((setting) => ["-c", setting]), ...log]);
  const [commit, name = "", mappedName = "", email = "", mappedEmail = "", signature = "N", signer = ""] =
    said.replace(/\n$/, "").split("\0");
  if (!commit) return undefined;
  const names = [...new Set([name, mappedName])];
  const emails = [...new Set([email, mappedEmail])];
  return { commit, names, emails, signature, signer };
}

/** Who commits here, as git would write it; undefined where git does not know. */
export function gitIdentity(root: string): Author | undefined {
  try {
    const [, name = "", email = ""] =
      /^(.*) <(.*)> \d+ [+-]\d{4}$/.exec(git(root, ["var", "GIT_AUTHOR_IDENT"]).trim()) ?? [];
    return email === "" ? undefined : { names: [name], emails: [email] };
  } catch (error) {
    if (error instanceof GitFault) return undefined;
    throw error;
  }
}

/** Contents of a file in the commits that changed it, the newest first, `most` of them at most. */
export function* committedContents(root: string, file: string, most: number): Generator<string> {
  const log = ["log", "--no-color", "--format=%H", `--max-count=${most}`, "--diff-filter=AM", "--", file];
  for (const commit of git(root, log).split("\n").filter(Boolean))
    yield git(root, ["show", `${commit}:./${file}`]);
}
