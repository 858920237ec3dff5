import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readReleases } from "../../../repository/release/releases";
import { record } from "../../decisions/samples";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "releases-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (name: string, text: string) => {
  mkdirSync(join(root, "releases"), { recursive: true });
  writeFileSync(join(root, "releases", name), text);
};

it("a project without a releases folder has none", () =>
  expect(readReleases(root)).toEqual({ records: new Map(), reasons: [] }));

it("releases are read in the order of their version numbers", () => {
  for (const n of [10, 9, 2]) write(`1.${n}.0.json`, JSON.stringify(record(n)));
  write("README.md", "not a release");
  expect([...readReleases(root).records.keys()]).toEqual(["1.2.0", "1.9.0", "1.10.0"]);
  expect(readReleases(root).records.get("1.2.0")).toEqual(record(2));
});

it("a file that is no sound record is named with its faults, and the others are read", () => {
  write("1.1.0.json", JSON.stringify(record(1)));
  write("1.2.0.json", JSON.stringify(record(3)));
  write("1.3.0.json", JSON.stringify({ ...record(3), image: "example.com/school:1.3.0", extra: 1 }));
  write("1.4.0.json", "{");
  const { records, reasons } = readReleases(root);
  expect([...records.keys()]).toEqual(["1.1.0"]);
  expect(reasons).toEqual([
    expect.stringMatching(/releases\/1.2.0.json: `version` is `1.3.0`; allowed is the file's name, `1.2.0`/),
    expect.stringMatching(/releases\/1.3.0.json: `image` must name an image by digest.*given/),
    expect.stringMatching(/releases\/1.3.0.json: `extra` is not a known key/),
    expect.stringMatching(/releases\/1.4.0.json: /),
  ]);
});
