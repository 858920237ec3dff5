import { describe, expect, it } from "vitest";
import { knownGood, newestSucceeded, parseHistory, releaseOf } from "../../../decisions/stack/history";
import { readMessage, writeMessage } from "../../../decisions/stack/updateMessage";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { after, deployed, digestOf, entry, historyOf, served, written } from "../samples";

const one = served();
const two = after(one, 2);
const none = new Set<string>();
const why = (...entries: ReturnType<typeof entry>[]) =>
  knownGood(entries, none).rejected.map((found) => found.why);

describe("a history entry", () => {
  it("is read as Pulumi gives it, with fields that nobody asked for", () => {
    const raw = [{ ...entry(one), environment: { "git.head": "abc" }, resourceChanges: { same: 40 } }];
    expect(releaseOf(parseHistory(raw)[0] ?? entry(undefined))).toEqual(one);
  });
  it("takes a structured value from objectValue as well", () => {
    const base = entry(undefined);
    base.config["deployment-safety:release"] = { objectValue: one };
    expect(releaseOf(base)).toEqual(one);
  });
  it("that is none is refused by name of the field", () =>
    expect(() => parseHistory([{ kind: 3 }])).toThrow(/0.kind/));
});

describe("known good", () => {
  it("is an update whose live release was validated with all traffic; each other one is rejected with its reason", () => {
    const [, promoted, canary] = deployed(one, 2);
    const found = knownGood(
      [entry(two), entry(promoted), entry(canary), entry(releaseAfter.pause(one)), entry(one)],
      none,
    );
    expect(found.targets.map((target) => target.version)).toEqual(["1.2.0", "1.1.0"]);
    expect(found.rejected.map((rejected) => rejected.why)).toEqual([
      "its live release was not validated",
      "a canary had 10 % of the traffic",
      "traffic was paused",
    ]);
  });
  it("is named by number, or by start time where every version is 0, and keeps the operation's id", () => {
    const message = writeMessage("deploy 1.1.0: validate", {
      operation: "deploy",
      id: "op-1",
      step: "validate",
      actor: "ada",
    });
    const [numbered, timed] = knownGood([entry(one, { version: 12, message }), entry(one)], none).targets;
    expect(numbered).toMatchObject({ name: "update 12", id: "op-1", message: "deploy 1.1.0: validate" });
    expect(timed?.name).toBe(timed?.startTime);
  });
  it("is not a refused digest", () =>
    expect(knownGood(historyOf(one), new Set([digestOf(1)])).rejected).toMatchObject([
      { kind: "refused", version: "1.1.0" },
    ]));
  it("is not another kind or a failed update", () =>
    expect(why(entry(one, { kind: "refresh" }), entry(one, { result: "failed" }))).toEqual([
      "is a refresh that changes no release",
      "is an update that is failed",
    ]));
  it("is not an update whose config today's schema refuses, and says where", () =>
    expect(why(entry(one, {}, { backups: { retentionDays: 1 } }))[0]).toMatch(
      /deployment-safety:backups.retentionDays.*given: 1/,
    ));
  it("is not one with a value that is secret or cannot be decrypted: written back it would be erased", () => {
    const secret = entry(one);
    secret.config["deployment-safety:flags"] = { secret: true };
    const lost = entry(one);
    lost.config["deployment-safety:sizing"] = { value: "ERROR_UNABLE_TO_DECRYPT", secret: true };
    expect(why(secret, lost)).toEqual([
      expect.stringContaining("`deployment-safety:flags` holds a secret"),
      expect.stringContaining("`deployment-safety:sizing` cannot be decrypted"),
    ]);
  });
  it("keeps flags and sizing as they were written, without defaults", () => {
    const { flags, sizing } = written(one);
    expect(knownGood(historyOf(one), none).targets[0]?.written).toEqual({ flags, sizing });
  });
});

describe("the newest succeeded update", () => {
  it("passes over failed ones and other kinds", () =>
    expect(
      newestSucceeded([entry(two, { result: "failed" }), entry(two, { kind: "refresh" }), entry(one)])
        ?.release,
    ).toEqual(one));
  it("is none after a destroy, and none on a first run", () => {
    expect(newestSucceeded([entry(undefined, { kind: "destroy" }), entry(one)])).toBeUndefined();
    expect(newestSucceeded([])).toBeUndefined();
  });
});

describe("a message", () => {
  const note = {
    operation: "rollback",
    id: "op-2",
    version: "1.1.0",
    step: "rollback",
    actor: "ada",
    reason: "5xx\nat noon",
  };
  it("is one line for people and JSON, and reads back", () => {
    const text = writeMessage("rollback to 1.1.0\nbecause", note);
    expect(text.split("\n")).toHaveLength(2);
    expect(readMessage(text)).toEqual({ line: "rollback to 1.1.0 because", note });
  });
  it("of a person has no note", () =>
    expect(readMessage("fix the thing\n{}")).toEqual({ line: "fix the thing" }));
});
