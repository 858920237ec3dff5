import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { configIssues, withLevels } from "../../policies/configFile";
import { levelOf, settingsOf } from "../../policies/pack";
import { backupRetentionLongEnough } from "../../policies/recovery/plans";
import { rules } from "../../policies/rules";

describe("a policy config file", () => {
  it.each(["staging", "prod"])("of %s names only policies and settings that there are", (stack) => {
    const text = readFileSync(join(__dirname, "../../policies", `${stack}.json`), "utf8");
    expect(configIssues(JSON.parse(text), rules)).toEqual([]);
  });

  it("is refused with the path of each issue", () => {
    expect(
      configIssues(
        {
          all: "always",
          "backup-retention-long-enough": { enforcementLevel: "mandatory", minDay: 7 },
          "backup-retention": "advisory",
        },
        rules,
      ),
    ).toEqual([
      expect.stringMatching(/^all: must be one of/),
      expect.stringMatching(
        /^backup-retention-long-enough\.minDay: .*allowed are enforcementLevel, minDays$/,
      ),
      expect.stringMatching(/^backup-retention: there is no such policy/),
    ]);
    expect(configIssues([], rules)).toHaveLength(1);
  });

  it("that gives a policy settings and no level leaves it as strict as it is", () => {
    const file = { "backup-retention-long-enough": { minDays: 30 }, "topic-is-used": "disabled" };
    const given = withLevels(file, rules, (rule) => levelOf(rule, true));
    expect(given).toEqual({
      "backup-retention-long-enough": { enforcementLevel: "mandatory", minDays: 30 },
      "topic-is-used": "disabled",
    });
    expect(withLevels({ ...file, all: "advisory" }, rules, (rule) => levelOf(rule, true))).toMatchObject({
      "backup-retention-long-enough": { enforcementLevel: "advisory" },
    });
  });

  it("with a misspelt setting does not fall back to the default", () => {
    expect(() => settingsOf(backupRetentionLongEnough, { minDay: 30 })).toThrow(
      "backup-retention-long-enough.minDay",
    );
    expect(settingsOf(backupRetentionLongEnough, { minDays: 30 })).toEqual({ minDays: 30 });
    expect(settingsOf(backupRetentionLongEnough)).toEqual({ minDays: 7 });
  });
});
