import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { handMark, postmortem, type PostmortemFacts } from "../../../decisions/incident/postmortem";

const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 20, minute)).toISOString();
const facts: PostmortemFacts = {
  id: "INC-1",
  title: "grades are missing",
  stack: "prod",
  source: "rollback",
  cause: "release:sha256:bad",
  zone: "Africa/Cairo",
  entries: [
    { at: at(2), state: "opened", actor: "ada", body: { startedAt: at(0), done: "rolled back" } },
    { at: at(3), state: "mitigated", actor: "ada", body: { done: "all traffic is away" } },
    { at: at(4), state: "resolved", actor: "ada", body: { done: "verified" } },
  ],
  around: [{ at: new Date(at(1)), actor: "ada", text: "make deploy ended with 5" }],
  impact: {
    requestsAffected: 120,
    requestsFailed: 60,
    requestsSlow: 3,
    seconds: 30,
    budgetSpent: 0.01,
    budgetLeft: 0.9,
    reasons: ["errors"],
  },
  versions: { bad: "1.2.0", restored: "1.1.0" },
  config: [{ path: "release.live", kind: "changed", before: "green", after: "blue" }],
  schema: { before: "9c1b0d2f", after: "9c1b0d2f", between: [] },
};

describe("a post-mortem", () => {
  it("fills in the lengths, the impact, the timeline and the differences, in the school's time first", () => {
    const text = postmortem(facts);
    for (const line of [
      "| began | Tue, 24 Nov 2026, 22:00 Africa/Cairo (2026-11-24T20:00Z) |",
      "| time to detect | 2 min |",
      "| time to mitigate | 3 min |",
      "| time to resolve | 4 min |",
      "- 120 requests were answered by the release that did harm; 60 of them failed, 3 were slow",
      "- it spent 1.00 % of the error budget; 90.00 % is left",
      "~ release.live: green -> blue",
      "Schema: 9c1b0d2f before, 9c1b0d2f after, unchanged.",
    ])
      expect(text).toContain(line);
    expect(text.indexOf("make deploy ended")).toBeLessThan(text.indexOf("**opened**"));
  });

  it("leaves places only below the line from which people write, until the incident is closed", () => {
    const [known = "", written = ""] = postmortem(facts).split(handMark);
    expect(known).not.toContain("to be written");
    expect(written.match(/to be written/g)).toHaveLength(6);
    const closed = { rootCause: "a join was lost", action: "a test of it", owner: "bo", due: "2026-12-01" };
    const entries = [...facts.entries, { at: at(9), state: "closed", actor: "bo", body: closed }];
    expect(postmortem({ ...facts, entries })).toContain("| a test of it | prevent | bo | 2026-12-01 |");
  });

  it("keeps what people wrote when it is written again, whatever that was", () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes(handMark)),
        (words) => {
          const before = postmortem(facts) + words;
          const entries = [...facts.entries, { at: at(9), state: "closed", actor: "bo", body: {} }];
          const again = postmortem({ ...facts, entries }, before);
          expect(again.split(handMark)[1]).toBe(before.split(handMark)[1]);
          expect(again).toContain("| closed | Tue");
        },
      ),
    );
  });

  it("lets no text of a title or a reason end a table or forge the line", () => {
    const text = postmortem({ ...facts, title: `x | y\n# z ${handMark}` });
    expect(text.split(handMark)).toHaveLength(2);
    expect(text).toContain("# INC-1: x \\| y # z &lt;!--");
  });
});
