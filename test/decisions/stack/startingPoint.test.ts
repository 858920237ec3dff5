import { describe, expect, it } from "vitest";
import { newestSucceeded, type HistoryEntry } from "../../../decisions/stack/history";
import { startingPoint, type StartingFacts } from "../../../decisions/stack/startingPoint";
import { emptyRelease, releaseAfter } from "../../../decisions/release/nextRelease";
import { after, entry, historyOf, served } from "../samples";

const one = served();
const two = after(one, 2);

function found(history: HistoryEntry[], more: Partial<StartingFacts> = {}): StartingFacts {
  const newest = newestSucceeded(history);
  const newestEntry = history[0];
  return {
    ...(newest && { newest }),
    ...(newestEntry && { newestEntry }),
    pendingOperations: false,
    deadLease: false,
    published: newest?.release,
    file: newest?.release ?? emptyRelease(),
    ...more,
  };
}

describe("resume", () => {
  it("has nothing to do after a clean update", () =>
    expect(startingPoint(found(historyOf(one, two)))).toEqual({
      ok: true,
      release: two,
      writeFile: false,
      reapply: false,
      why: [],
    }));
  it("starts a first run from the empty release, over what a killed first run left in the file", () => {
    expect(startingPoint(found([]))).toMatchObject({
      release: emptyRelease(),
      writeFile: false,
      reapply: false,
    });
    const failed = [entry(one, { result: "failed" })];
    expect(startingPoint(found(failed, { file: one }))).toMatchObject({
      release: emptyRelease(),
      writeFile: true,
      reapply: false,
    });
  });
  it("writes the applied release over a file that says something else", () =>
    expect(startingPoint(found(historyOf(two), { file: one }))).toMatchObject({
      ok: true,
      release: two,
      writeFile: true,
      reapply: false,
    }));
  it.each<[string, StartingFacts]>([
    ["a failed update", found([entry(releaseAfter.pause(two), { result: "failed" }), ...historyOf(two)])],
    ["a pending operation", found(historyOf(two), { pendingOperations: true })],
    ["a dead lease", found(historyOf(two), { deadLease: true })],
  ])("applies the newest succeeded release again after %s", (_, given) => {
    const result = startingPoint(given);
    expect(result).toMatchObject({ ok: true, release: two, reapply: true });
    expect(result.ok && result.why.length).toBeGreaterThan(0);
  });
  it("goes on from a release that was published but whose update never ended, for going back would be behind", () => {
    const ahead = releaseAfter.emptyIdle(two);
    expect(startingPoint(found(historyOf(two), { published: ahead, file: ahead }))).toMatchObject({
      release: ahead,
      reapply: true,
      writeFile: false,
    });
    expect(startingPoint(found([], { published: ahead }))).toMatchObject({ release: ahead, reapply: true });
  });
  it.each<[string, StartingFacts, RegExp]>([
    ["the parameter is gone", found(historyOf(two), { published: undefined }), /parameter `release` is gone/],
    [
      "the parameter is behind history",
      found(historyOf(two), { published: one }),
      /has serial 3, but .* has 8/,
    ],
    [
      "they differ under one serial",
      found(historyOf(two), { published: { ...two, canaryWeight: 5 } }),
      /differ at `canaryWeight`/,
    ],
  ])("asks a person when %s", (_, given, reason) => {
    const result = startingPoint(given);
    expect(result.ok ? "" : result.reasons.join()).toMatch(reason);
  });
});
