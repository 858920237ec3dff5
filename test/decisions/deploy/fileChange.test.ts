import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileChange, type FileChangeInput } from "../../../decisions/deploy/fileChange";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { knownGood } from "../../../decisions/stack/history";
import type { Release } from "../../../decisions/stack/config";
import { after, deployed, digestOf, entry, facts, historyOf, sample, served, settingsWith } from "../samples";

/** A stack on which releases were applied, oldest first, and what a file of `release` means there. */
function meaning(applied: Release[], release: Release, more: Partial<FileChangeInput> = {}) {
  return fileChange({
    file: settingsWith(release),
    published: applied.at(-1),
    history: historyOf(...applied),
    facts: facts({ knownGood: new Set([digestOf(1)]) }),
    wasAhead: () => true,
    ...more,
  });
}

/** Release 1 live, then release 2 by all of its steps, the oldest first. */
const applied = [served(), ...deployed(served(), 2).toReversed()];

describe("a stack file", () => {
  it("that has the published release changes nothing of it", () =>
    expect(meaning(applied, after(served(), 2))).toEqual({ kind: "same" }));

  it("that is one legal step ahead is that step", () =>
    expect(meaning(applied, releaseAfter.pause(after(served(), 2)))).toEqual({
      kind: "step",
      step: "pause",
    }));

  it("of an update that was not validated is refused, with the update to go back to instead", () => {
    const canary = applied[3]!;
    expect(canary.canaryWeight).toBeGreaterThan(0);
    const found = meaning(applied, canary);
    expect(found).toMatchObject({ kind: "refused", next: { command: "rollback" } });
  });

  it("whose release is refused names what unblocks it", () =>
    expect(meaning(applied, served(), { facts: facts({ refused: new Set([digestOf(1)]) }) })).toMatchObject({
      kind: "refused",
      reasons: [expect.stringContaining("is refused")],
      next: { command: "unblock", variables: { DIGEST: digestOf(1) } },
    }));

  it("that is behind and never was ahead is old, whatever history knows of it", () =>
    expect(meaning(applied, served(), { wasAhead: () => false })).toMatchObject({
      kind: "refused",
      next: { command: "sync" },
    }));

  it("whose release is an update's but whose flags or sizing are not is no revert of it", () => {
    const history = [served(), after(served(), 2)]
      .map((release) => entry(release, {}, { sizing: { web: { replicas: 9 }, workers: { replicas: 2 } } }))
      .reverse();
    expect(meaning(applied, served(), { history })).toMatchObject({
      kind: "refused",
      reasons: [expect.stringContaining("sizing differ from then")],
      next: { command: "rollback" },
    });
  });

  it("whose release was edited under the published serial is refused, with the deploy that was meant", () => {
    const edited = { ...served(), slots: { blue: sample(3) } };
    expect(meaning([served()], edited)).toMatchObject({
      kind: "refused",
      next: { command: "deploy", variables: { VERSION: sample(3).version } },
    });
  });

  it("is never asked of git unless it is behind", () => {
    const wasAhead = () => {
      throw new Error("asked");
    };
    expect(meaning(applied, after(served(), 2), { wasAhead }).kind).toBe("same");
    expect(() => meaning(applied, served(), { wasAhead })).toThrow("asked");
  });

  it("of any update, after any number of releases, is a revert exactly where that update is known good", () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 9 }), { minLength: 1, maxLength: 5 }),
        fc.nat(),
        (numbers, at) => {
          const releases = [served()];
          for (const n of numbers) {
            const from = releases.at(-1) ?? served();
            if (from.slots[from.live]?.version !== sample(n).version)
              releases.push(...deployed(from, n).toReversed());
          }
          const behind = releases.slice(0, -1);
          const release = behind[at % Math.max(1, behind.length)];
          if (!release) return;
          const { targets } = knownGood(historyOf(...releases), new Set());
          const isGood = targets.some(({ settings }) => settings.release.serial === release.serial);
          const found = meaning(releases, release);
          expect(found.kind).toBe(isGood ? "revert" : "refused");
          if (found.kind === "revert") expect(found.target.settings.release).toEqual(release);
        },
      ),
      { numRuns: 300 },
    ));
});
