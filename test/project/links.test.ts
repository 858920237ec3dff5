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

it("every link in the docs leads to a file and to a heading that are there", () => {
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
