import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { markdownFiles, root } from "./documents";

/** A heading's anchor, as GitHub makes it. */
const anchor = (heading: string): string =>
  heading
    .replaceAll(/[`*]|\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

it("every link in the docs leads to a file and to a heading that exist", () => {
  const broken = markdownFiles().flatMap(({ path, text }) =>
    [...text.replaceAll(/```[\s\S]*?```/g, "").matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
      if (/^(https?:|mailto:)/.test(link)) return [];
      const [file = "", heading] = link.split("#");
      const target = file === "" ? join(root, path) : join(root, dirname(path), file);
      if (!existsSync(target)) return [`${path}: ${link} is not there`];
      if (heading === undefined || statSync(target).isDirectory()) return [];
      const headings = [...readFileSync(target, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
        anchor(title),
      );
      return headings.includes(heading) ? [] : [`${path}: ${link} has no such heading`];
    }),
  );
  expect(broken).toEqual([]);
});

it("every file of ours that the docs name exists", () => {
  const named =
    /`((?:bench|cli|components|decisions|docs|migrations|policies|program|rehearsal|repository|setup|test)\/[\w./-]+\.\w+)`/g;
  // The changelog names files that are gone.
  const current = markdownFiles().filter(({ path }) => path !== "CHANGELOG.md");
  const missing = current.flatMap(({ path, text }) =>
    [...text.matchAll(named)].flatMap(([, file = ""]) =>
      existsSync(join(root, file)) ? [] : [`${path}: ${file} does not exist`],
    ),
  );
  expect(missing).toEqual([]);
});
