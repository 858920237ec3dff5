import type { Settings, WrittenFlags } from "../stack/config";
import { configDiff } from "../stack/configDiff";
import { groupName, type Flag } from "./flagConfig";
import { whyOff, type FlagConditions, type OffReason } from "./flags";
import { present } from "../text/present";

/** What a person asks of one flag. What is absent stays. */
export interface FlagAsk extends Partial<Pick<Flag, "percentage" | "roles" | "cohorts">> {
  name: string;
}

/** What was typed. */
export type TypedFlag = { [Key in keyof FlagAsk]?: string | undefined };

/** Word that stands for an empty list: an empty value of a make variable is an unset one. */
const nobody = "none";

/** The question in what was typed, or everything that is wrong with it. */
export function readFlagAsk(typed: TypedFlag): { ok: true; ask: FlagAsk } | { ok: false; reasons: string[] } {
  const { name = "", percentage } = typed;
  const reasons = name === "" ? ["NAME is missing: name the flag."] : [];
  const list = (what: "roles" | "cohorts"): string[] | undefined => {
    const text = typed[what];
    if (text === undefined) return undefined;
    const entries = text === nobody ? [] : text.split(",").map((entry) => entry.trim());
    for (const entry of entries)
      if (!groupName.test(entry))
        reasons.push(
          `${what.toUpperCase()} has \`${entry}\`; allowed are names of lower case letters, digits and -, separated by commas, or \`${nobody}\`.`,
        );
    return [...new Set(entries)];
  };
  const [roles, cohorts] = [list("roles"), list("cohorts")];
  const isShare =
    percentage === undefined || (/^\d{1,3}(\.\d{1,3})?$/.test(percentage) && Number(percentage) <= 100);
  if (!isShare)
    reasons.push(`PERCENTAGE is \`${percentage}\`; allowed are 0 to 100 with at most three decimals.`);
  if (percentage === undefined && !roles && !cohorts)
    reasons.push("Nothing is asked for: give PERCENTAGE=, ROLES= or COHORTS= (or HOLD=on, HOLD=off).");
  if (reasons.length > 0) return { ok: false, reasons };
  return {
    ok: true,
    ask: {
      name,
      // The ask is spread over the flag, so an undefined entry would take a list away.
      ...(percentage !== undefined && { percentage: Number(percentage) }),
      ...(roles && { roles }),
      ...(cohorts && { cohorts }),
    },
  };
}

/** What a change of a flag is decided on. */
export interface FlagChangeInput {
  ask: FlagAsk;
  /** Flags as the stack file has them, defaults not filled in. */
  written: WrittenFlags;
  /** The same with defaults. */
  flags: Settings["flags"];
  heldFlags: Settings["heldFlags"];
  /** Flags as last applied; undefined where nothing is applied or it cannot be read. */
  applied?: Settings["flags"] | undefined;
  conditions: FlagConditions;
  /** Why the kill switch is on; undefined: it is off. */
  killSwitch?: string;
  /** Today, ISO date. */
  today: string;
}

/** The flags to write and what people will see, or every reason why not. 2: cannot be asked; 4: refused. */
export type FlagChange =
  | {
      ok: true;
      flags: WrittenFlags;
      /** Whether the file or what is applied differs from what is asked for. */
      changes: boolean;
      /** Whether somebody who has the feature loses it. */
      lowers: boolean;
      lines: string[];
    }
  | { ok: false; code: 2 | 4; reasons: string[] };

/** Decides on a change of one flag's rollout; nothing else of it may be changed like this. */
export function changeFlag(input: FlagChangeInput): FlagChange {
  const { ask, written, flags, heldFlags, applied, conditions } = input;
  const was = flags[ask.name];
  const text = written[ask.name];
  if (!was || !text) return { ok: false, code: 2, reasons: [unknown(ask.name, flags)] };
  const { name: _, ...rollout } = ask;
  const now: Flag = { ...was, ...rollout };
  const before = applied?.[ask.name] ?? was;
  const wider = gains(before, now);
  const reasons = [
    ...otherChanges(ask.name, flags, applied),
    ...(wider.length > 0 ? whyNotWider(input, now).map((reason) => `\`${ask.name}\` ${reason}`) : []),
  ];
  if (reasons.length > 0) return { ok: false, code: 4, reasons };
  const lost = gains(now, before);
  const off = whyOff(ask.name, now, heldFlags, conditions);
  return {
    ok: true,
    flags: { ...written, [ask.name]: { ...text, ...rollout } },
    changes: configDiff(was, now).length > 0 || configDiff(before, now).length > 0,
    lowers: lost.length > 0,
    lines: present(
      wider.length > 0 && `wider: ${wider.join(", ")}; whoever has it keeps it where nothing is lost`,
      lost.length > 0 && `LOWERED, people who have it lose it: ${lost.join(", ")}`,
      `published: ${off ? `off, ${off.text}; then ` : ""}${describeRollout(now)}`,
    ),
  };
}

/** Who has a flag, in words. */
export function describeRollout({
  roles,
  cohorts,
  percentage,
}: Pick<Flag, "roles" | "cohorts" | "percentage">): string {
  if (percentage >= 100) return "everybody";
  const named = groups(roles, cohorts);
  if (percentage === 0) return named.join(" and ") || "nobody";
  return [...named, `${percentage} % of everybody${named.length > 0 ? " else" : ""}`].join(" and ");
}

const groups = (roles: readonly string[], cohorts: readonly string[]): string[] =>
  present(
    roles.length > 0 && `roles ${roles.join(", ")}`,
    cohorts.length > 0 && `cohorts ${cohorts.join(", ")}`,
  );

const unknown = (name: string, flags: Settings["flags"]): string =>
  `There is no flag \`${name}\`. Flags: ${Object.keys(flags).join(", ") || "none"}. A new one is added in the stack file, with its risk, owner and expiry.`;

/** What `to` has that `from` has not, in words. */
function gains(from: Flag, to: Flag): string[] {
  if (from.percentage >= 100) return [];
  const more = (what: "roles" | "cohorts") => to[what].filter((one) => !from[what].includes(one));
  const isMore = to.percentage > from.percentage;
  return present(
    isMore && `everybody else from ${from.percentage} % up to ${to.percentage} %`,
    ...groups(more("roles"), more("cohorts")),
  );
}

/** Why nobody may be added to a flag now. Taking people away is always allowed. */
function whyNotWider(
  { ask, heldFlags, conditions, killSwitch, today }: FlagChangeInput,
  flag: Flag,
): string[] {
  const off = whyOff(ask.name, flag, heldFlags, conditions);
  return present(
    flag.expires < today &&
      `expired on ${flag.expires}: take the feature's old code out and the flag with it, or set a new date in the stack file`,
    off && `is published off: ${off.text}. ${wayOn[off.kind](ask.name)}`,
    killSwitch !== undefined &&
      flag.risk === "high" &&
      `is off while the kill switch is on (${killSwitch}); \`make rollback\` takes that off when it is done`,
  );
}

/** What must happen before a flag that is published off can be widened. */
const wayOn: Record<OffReason["kind"], (name: string) => string> = {
  held: (name) => `A person releases it first: \`make flag NAME=${name} HOLD=off REASON=<why> ACTOR=<who>\``,
  revision: () => "Deploy a release whose migration brings it first",
  "not-validated": () => "It is off until validated: finish `make deploy` first",
};

/** The file must not change other flags by the way: it may be an old one. */
function otherChanges(
  name: string,
  flags: Settings["flags"],
  applied: Settings["flags"] | undefined,
): string[] {
  if (!applied) return [];
  const without = ({ [name]: _, ...rest }: Settings["flags"]) => rest;
  const lines = configDiff(without(applied), without(flags));
  if (lines.length === 0) return [];
  const changed = lines.map(
    ({ path, before, after }) =>
      `\`flags.${path}\` is ${JSON.stringify(after) ?? "absent"}, applied is ${JSON.stringify(before) ?? "absent"}`,
  );
  return [
    `The stack file changes other flags too: ${changed.join("; ")}. Take the newest file from git, or apply those on their own with \`pulumi up\` first.`,
  ];
}
