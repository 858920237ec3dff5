import { makeLine, type CommandHint } from "../text/commandHint";
import {
  causedByMigration,
  incidentStates,
  isFurther,
  type IncidentState,
  type OpenIncident,
} from "./incident";

/** The rollback playbook, C1 to C7: one for the command that fills it in, for docs/playbook.md, and for a test. */

/** One step, as it is written down for people. `<…>` is what the command fills in. */
interface Step {
  id: "C1" | "C2" | "C3" | "C4" | "C5" | "C6" | "C7";
  title: string;
  /** What it is for, and how one knows that it is done. */
  text: string;
  /** What to type, the usual one first. */
  commands: readonly CommandHint[];
}

const make = (command: string, variables: Record<string, string> = {}): CommandHint => ({
  command,
  variables,
});

// {@link command} fills in the first two.
const INCIDENT = "<incident>";
const VERSION = "<good>";
const REASON = "<what was done>";

/** The steps in their order. */
export const playbook: readonly Step[] = [
  {
    id: "C1",
    title: "Detect",
    text: "An alarm or a ticket opens an incident. Every command reads the alarms; a release that the gate rolls back opens one by itself. The same cause twice is one incident.",
    commands: [make("incident", { TICKET: "<ticket>", TITLE: "<what people notice>" }), make("incident")],
  },
  {
    id: "C2",
    title: "Stabilize",
    text: "Risky flags go off and are held until a person releases them. If a migration is the cause, traffic is paused as well, before anything goes back.",
    commands: [make("stabilize", { INCIDENT }), make("stabilize", { INCIDENT, CAUSE: "migration" })],
  },
  {
    id: "C3",
    title: "Communicate",
    text: "Tell stakeholders and on call what happened, since when in the school's time, what was done and what comes next. Tell guardians when it is about them.",
    commands: [make("notify", { INCIDENT }), make("notify", { INCIDENT, AUDIENCE: "guardians" })],
  },
  {
    id: "C4",
    title: "Roll back the application",
    text: "One command takes traffic, web, workers and flags back to the last good release. It may be killed and run again. Where the database has to go back too, it does that as well.",
    commands: [make("rollback", { VERSION, INCIDENT }), make("deploy", { VERSION })],
  },
  {
    id: "C5",
    title: "Roll back the database",
    text: "Only if the migration is the cause and make rollback kept the database. The first command pauses traffic, takes the database down with the prepared downgrade, checks the schema, tests and opens; the second only takes the database down, and only while traffic is paused. Both name what cannot be taken down, with the way to point-in-time recovery. They report a schema that is not as it was proved; it holds up only what moves the database.",
    commands: [
      make("rollback", { VERSION, DATABASE: "downgrade", INCIDENT }),
      make("downgrade", { REVISION: "<revision>" }),
    ],
  },
  {
    id: "C6",
    title: "Verify",
    text: "Smoke tests through the load balancer, then no release alarm rings. Then the incident is resolved.",
    commands: [make("smoke"), make("incident", { INCIDENT, STATE: "resolved", REASON })],
  },
  {
    id: "C7",
    title: "Post-mortem",
    text: "The records give times, impact, timeline and differences; people write the root cause and what prevents it. An incident is closed only with a root cause and at least one preventive action that has an owner and a date.",
    commands: [
      make("postmortem", { INCIDENT }),
      make("incident", {
        INCIDENT,
        STATE: "closed",
        REASON,
        ROOT_CAUSE: "<why it happened>",
        ACTION: "<what prevents it>",
        OWNER: "<who>",
        DUE: "<date>",
      }),
    ],
  },
];

/** What the stack and its incident are like now. */
export interface PlaybookState {
  stack: string;
  incident?: OpenIncident | undefined;
  /** Names of release alarms that ring; absent: could not be read. */
  alarms?: readonly string[] | undefined;
  traffic: "open" | "paused";
  /** Version and digest of what is live. */
  live?: { version: string; digest: string; revision: string };
  /** Whether the live digest is validated. */
  validated: boolean;
  /** Percent of the traffic that the other slot's release has. */
  canaryWeight: number;
  /** Revision that the database is at. */
  revision?: string;
  /** Newest known-good version that is not what the incident is about. */
  good?: string;
  /** Risky flags that are published on for somebody. */
  riskyOn: readonly string[];
  killSwitch: boolean;
}

/** A step with the real state filled in. */
export interface FilledStep {
  id: Step["id"];
  title: string;
  status: "done" | "to do" | "not needed";
  /** What is so now. */
  now: string;
  /** What to type for it; absent when nothing is to be. */
  next?: string;
}

/** The playbook with the stack's state: what is done, what comes next. The first step that is to do is the next one. */
export function fillPlaybook(state: PlaybookState): FilledStep[] {
  return playbook.map(({ id, title }): FilledStep => ({ id, title, ...fill[id](state) }));
}

/** The command that comes next; undefined when nothing is to do. */
export const nextOf = (steps: readonly FilledStep[]): string | undefined =>
  steps.find(({ status }) => status === "to do")?.next;

type Filled = Omit<FilledStep, "id" | "title">;

const done = (now: string): Filled => ({ status: "done", now });
const todo = (now: string, next: string): Filled => ({ status: "to do", now, next });
const spared = (now: string): Filled => ({ status: "not needed", now });

/** Whether the incident's release has no traffic any more. */
const isAway = ({ incident, live, canaryWeight, traffic }: PlaybookState): boolean =>
  incident?.digest !== undefined &&
  live !== undefined &&
  live.digest !== incident.digest &&
  (canaryWeight === 0 || traffic === "paused");

const hasReached = ({ incident }: PlaybookState, state: IncidentState): boolean =>
  incident !== undefined && !isFurther(state, incident.state);

function alarmsNow({ alarms }: PlaybookState): string {
  if (alarms === undefined) return "alarms could not be read";
  return alarms.length === 0 ? "no alarm rings" : `alarms ring: ${alarms.join(", ")}`;
}

const fill: Record<Step["id"], (state: PlaybookState) => Filled> = {
  C1(state) {
    const { incident } = state;
    return incident
      ? done(`${incident.id}: ${incident.title}; ${alarmsNow(state)}`)
      : todo(`no incident is open; ${alarmsNow(state)}`, command(state, 0));
  },
  C2(state) {
    const { incident, riskyOn, killSwitch, traffic } = state;
    const off = killSwitch
      ? "the kill switch has risky flags off"
      : riskyOn.length === 0
        ? "no risky flag is on"
        : `risky flags on: ${riskyOn.join(", ")}`;
    const now = `${off}; traffic is ${traffic}`;
    if (incident && (hasReached(state, "stabilized") || isAway(state))) return done(now);
    return todo(now, command(state, 1));
  },
  C3(state) {
    const { incident } = state;
    return incident?.toldAt === undefined
      ? todo("nobody was told yet", command(state, 2))
      : done(`told at ${incident.toldAt.slice(0, 16)}Z`);
  },
  C4(state) {
    const { incident, live, good } = state;
    const now = `live is ${live?.version ?? "nothing"}${state.validated ? ", validated" : ", not validated"}`;
    if (incident && (isAway(state) || hasReached(state, "mitigated"))) return done(now);
    return todo(`${now}; last good is ${good ?? "not known"}`, command(state, 3));
  },
  C5(state) {
    const { live, revision, incident } = state;
    if (live === undefined || revision === undefined || live.revision === revision)
      return spared(`the database is at ${revision ?? "no revision"}, which is what the live release needs`);
    const now = `the database is at ${revision}, the live release needs ${live.revision} and works on both`;
    const down = command({ ...state, good: live.version }, 4);
    return incident && causedByMigration(incident)
      ? todo(now, down)
      : spared(`${now}; if the migration is the cause: ${down}`);
  },
  C6(state) {
    const { alarms, traffic, validated, incident } = state;
    const now = `traffic is ${traffic}, the live release is ${validated ? "validated" : "not validated"}, ${alarmsNow(state)}`;
    if (hasReached(state, "resolved")) return done(now);
    return todo(now, command(state, 5, incident && validated && alarms?.length === 0 ? 1 : 0));
  },
  C7(state) {
    const { incident } = state;
    if (incident?.state === "closed") return done("closed, with root cause and preventive action");
    return todo(
      `the incident is ${incident?.state ?? "not opened"}; it is closed with its root cause and an action that prevents it`,
      command(state, 6),
    );
  },
};

/** A step's command for this stack, with the incident and the good version in place of `<…>` where they are known. */
function command({ stack, incident, good }: PlaybookState, step: number, which = 0): string {
  const { command: name = "", variables = {} } = playbook[step]?.commands[which] ?? {};
  const known: Record<string, string | undefined> = { [INCIDENT]: incident?.id, [VERSION]: good };
  const filled = Object.entries(variables).map(([key, value = ""]) => [key, known[value] ?? value]);
  return makeLine(stack, name, Object.fromEntries(filled) as CommandHint["variables"]);
}

/** The filled playbook for a terminal. */
export const describePlaybook = (steps: readonly FilledStep[]): string =>
  steps
    .flatMap(({ id, title, status, now, next }) => [
      `${id}  ${title.padEnd(25)} ${status.padEnd(10)}  ${now}`,
      ...(status === "to do" && next ? [`${" ".repeat(42)}${next}`] : []),
    ])
    .join("\n");

/** docs/playbook.md, whole; a test holds the file equal to it. */
export function playbookPage(): string {
  const steps = playbook.flatMap(({ id, title, text, commands }) => [
    `## ${id} ${title}`,
    text,
    ["```", ...commands.map((one) => makeLine("prod", one.command, one.variables)), "```"].join("\n"),
  ]);
  const paragraphs = [
    "# The playbook",
    "When a release does harm. `make playbook` prints the same steps with the stack's real state filled in, what is done, and the next command; `STACK=` is `prod` unless you say otherwise.",
    `An incident goes through these states and never back: ${incidentStates.join(", ")}. Every message to people gives times in the school's zone first, then UTC.`,
    ...steps,
  ];
  return `${paragraphs.join("\n\n")}\n`;
}
