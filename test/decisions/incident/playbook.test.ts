import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { incidentStates, type OpenIncident } from "../../../decisions/incident/incident";
import {
  describePlaybook,
  fillPlaybook,
  nextOf,
  playbook,
  playbookPage,
  type PlaybookState,
} from "../../../decisions/incident/playbook";
import { commands } from "../../../cli/shell/catalogue";

const incident: OpenIncident = {
  id: "INC-1",
  cause: "release:sha256:bad",
  title: "grades are missing",
  source: "alarm",
  state: "opened",
  detectedAt: "2026-11-24T20:00:00.000Z",
  version: "1.2.0",
  digest: "sha256:bad",
  reached: {},
};
const bad: PlaybookState = {
  stack: "prod",
  incident,
  alarms: ["school-prod-errors"],
  traffic: "open",
  live: { version: "1.2.0", digest: "sha256:bad", revision: "9c1b0d2f" },
  validated: true,
  canaryWeight: 0,
  revision: "9c1b0d2f",
  good: "1.1.0",
  riskyOn: ["gradebook-v2"],
  killSwitch: false,
};
const good: PlaybookState = {
  ...bad,
  live: { version: "1.1.0", digest: "sha256:good", revision: "9c1b0d2f" },
  alarms: [],
  riskyOn: [],
};
const walk = (state: PlaybookState) => fillPlaybook(state).map(({ id, status }) => `${id} ${status}`);

describe("the playbook", () => {
  it("is the same for people: docs/playbook.md is what it prints", () => {
    expect(readFileSync("docs/playbook.md", "utf8")).toBe(playbookPage());
  });

  it("names commands that exist", () => {
    for (const { command } of playbook.flatMap((step) => step.commands))
      expect(Object.keys(commands)).toContain(command);
  });

  it("begins with opening an incident, where there is none", () => {
    const { incident: _, ...none } = bad;
    expect(nextOf(fillPlaybook(none))).toBe('make incident TICKET=<ticket> TITLE="<what people notice>"');
  });

  it("then stabilizes, tells people and goes back to the last good version, with all names filled in", () => {
    expect(walk(bad)).toEqual([
      "C1 done",
      "C2 to do",
      "C3 to do",
      "C4 to do",
      "C5 not needed",
      "C6 to do",
      "C7 to do",
    ]);
    expect(nextOf(fillPlaybook(bad))).toBe("make stabilize INCIDENT=INC-1");
    const told = {
      ...bad,
      incident: { ...incident, state: "stabilized" as const, toldAt: "2026-11-24T20:05:00.000Z" },
    };
    expect(nextOf(fillPlaybook(told))).toBe("make rollback VERSION=1.1.0 INCIDENT=INC-1");
  });

  it("after the way back asks to verify, to resolve and to close", () => {
    const told = { ...incident, toldAt: "2026-11-24T20:05:00.000Z" };
    expect(nextOf(fillPlaybook({ ...good, incident: told }))).toBe(
      'make incident INCIDENT=INC-1 STATE=resolved REASON="<what was done>"',
    );
    expect(nextOf(fillPlaybook({ ...good, alarms: ["x"], incident: told }))).toBe("make smoke");
    expect(nextOf(fillPlaybook({ ...good, incident: { ...told, state: "resolved" } }))).toBe(
      "make postmortem INCIDENT=INC-1",
    );
  });

  it("shows a database to be taken down only where the migration is the cause", () => {
    const live = { version: "1.1.0", digest: "sha256:good", revision: "3f2a77aa" };
    const step = (more: Partial<OpenIncident>) =>
      fillPlaybook({ ...good, live, incident: { ...incident, ...more } }).find(({ id }) => id === "C5");
    const takesDown = {
      status: "to do",
      next: "make rollback VERSION=1.1.0 DATABASE=downgrade INCIDENT=INC-1",
    };
    expect(step({ cause: "ticket:7" })).toMatchObject({ status: "not needed" });
    expect(step({ cause: "migration" })).toMatchObject(takesDown);
    expect(step({ cause: "ticket:7", stabilizedCause: "migration" })).toMatchObject(takesDown);
    expect(step({ cause: "ticket:immigration-office" })).toMatchObject({ status: "not needed" });
  });

  it("names the stack in every command, so that nobody acts on prod for staging", () => {
    const steps = fillPlaybook({ ...bad, stack: "staging" });
    const printed = describePlaybook(steps).match(/make \S+ \S+/g) ?? [];
    expect(printed.length).toBeGreaterThan(3);
    for (const line of printed) expect(line).toMatch(/^make \S+ STACK=staging$/);
  });

  it("never asks for something else than what an earlier step has left to do, and ends when it is closed", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...incidentStates),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(bad, good),
        (state, wasTold, killSwitch, from) => {
          const told = wasTold ? { toldAt: "2026-11-24T20:05:00.000Z" } : {};
          const steps = fillPlaybook({ ...from, killSwitch, incident: { ...incident, state, ...told } });
          const first = steps.find(({ status }) => status === "to do");
          expect(nextOf(steps)).toBe(first?.next);
          if (state === "closed" && wasTold) expect(first).toBeUndefined();
          for (const { status, next } of steps) if (status === "to do") expect(next).toMatch(/^make /);
        },
      ),
    );
  });
});
