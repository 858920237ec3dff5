import { z } from "zod";
import type { Settings } from "../stack/config";
import { present } from "../text/present";

/** Flags that an incident switched off stay off until a person releases them, whatever file an `up` is run from. */

type Held = Settings["heldFlags"];
type Hold = Held[string];

/** Key of a published flag's metadata by which a held one is known, with {@link holdText}. */
export const heldMark = "held";

/** Why a flag is held, in one line. */
export const holdText = ({ reason, incident }: Hold): string =>
  incident === undefined ? reason : `${reason} (incident ${incident})`;

/** A person's release of a hold: `make flag HOLD=off` writes it before it applies the config without the hold. */
export const holdReleaseSchema = z.object({
  flag: z.string(),
  /** The hold as {@link holdText} has it: a later one is not released by this. */
  hold: z.string(),
  actor: z.string().min(1),
  reason: z.string().min(1),
  /** Serial that was published; it counts under that serial only. */
  serial: z.number(),
  at: z.string(),
});
export type HoldRelease = z.infer<typeof holdReleaseSchema>;

/** Holds that were applied and that a file does not have: it is of before the incident, or was edited by hand. */
export const missingHolds = (applied: Held, file: Held): Held =>
  Object.fromEntries(Object.entries(applied).filter(([name]) => file[name] === undefined));

/** What {@link holdReasons} goes by. */
export interface HoldsInput {
  /** Held flags as published, by name, with {@link holdText}. */
  published: ReadonlyMap<string, string>;
  releases: ReadonlyMap<string, HoldRelease>;
  /** Serial of the published release. */
  serial: number | undefined;
  /** Flags and holds of the stack file. */
  flags: Settings["flags"];
  heldFlags: Held;
}

/** Why a file may not be applied: it would publish a flag that an incident holds, and nobody released it. */
export function holdReasons({ published, releases, serial, flags, heldFlags }: HoldsInput): string[] {
  return [...published].flatMap(([name, hold]) => {
    // Without the flag there is nothing to publish: absent is off.
    if (heldFlags[name] || !flags[name]) return [];
    const release = releases.get(name);
    if (release?.hold === hold && release.serial === serial) return [];
    return [
      `\`heldFlags.${name}\` is missing: the flag is held (${hold}) and this file would publish it. Run \`make sync\`, which writes the hold back, or release it with \`make flag NAME=${name} HOLD=off REASON=<why> ACTOR=<who>\`.`,
    ];
  });
}

/** Flags that an incident switches off: those that were named, else every one of high risk that is not held yet. */
export interface FlagsToHold {
  /** The holds as they are to be, those that were there included. */
  heldFlags: Held;
  /** Names that are held now and were not before, sorted. */
  added: string[];
  /** Names that were asked for and that no flag has. */
  unknown: string[];
}

/** Decides which flags an incident holds. A hold that is there already keeps its own reason. */
export function flagsToHold(
  flags: Settings["flags"],
  held: Held,
  incident: { id: string; title: string },
  named: readonly string[] | undefined,
): FlagsToHold {
  const risky = Object.entries(flags).flatMap(([name, { risk }]) => (risk === "high" ? [name] : []));
  const wanted = [...new Set(named ?? risky)];
  const unknown = wanted.filter((name) => !flags[name]);
  const added = wanted.filter((name) => flags[name] && !held[name]).sort();
  const reason = incident.title;
  const holds = added.map((name) => [name, { reason, incident: incident.id }] as const);
  return { heldFlags: { ...held, ...Object.fromEntries(holds) }, added, unknown };
}

/** What a person asks of a hold. */
export interface HoldAsk {
  name: string;
  hold: "on" | "off";
  reason?: string;
  /** Who; undefined: nobody was named. */
  actor?: string;
  incident?: string | undefined;
}

/** The holds to write, or every reason why not; the person asked wrongly (2). */
export type HoldChange =
  | { ok: true; heldFlags: Held; changes: boolean; released?: string; line: string }
  | { ok: false; code: 2; reasons: string[] };

/**
 * Decides on a hold. `heldFlags` are the file's and the applied ones together, `released` is the newest release of
 * this flag: asked for once more, after a crash, there is nothing left to do.
 */
export function changeHold(
  ask: HoldAsk,
  flags: Settings["flags"],
  heldFlags: Held,
  released?: HoldRelease,
): HoldChange {
  const { name, hold, reason, actor = "", incident } = ask;
  const { [name]: current, ...others } = heldFlags;
  if (hold === "off" && !current && released)
    return {
      ok: true,
      heldFlags,
      changes: false,
      line: `${name} was released already by ${released.actor} at ${released.at} (${released.reason})`,
    };
  const reasons = issuesOf(ask, flags, heldFlags);
  if (reasons.length > 0 || reason === undefined) return { ok: false, code: 2, reasons };
  if (hold === "off" && current)
    return {
      ok: true,
      heldFlags: others,
      changes: true,
      released: holdText(current),
      line: `${name} is released by ${actor} (${reason}); it was held: ${holdText(current)}`,
    };
  const wanted: Hold = { reason, incident };
  return {
    ok: true,
    heldFlags: { ...others, [name]: wanted },
    changes: !current || holdText(current) !== holdText(wanted),
    line: `${name} is held: ${holdText(wanted)}; it is published off until a person releases it`,
  };
}

/** Everything that is wrong with what was asked. */
function issuesOf(
  { name, hold, reason, actor }: HoldAsk,
  flags: Settings["flags"],
  heldFlags: Held,
): string[] {
  const isHeld = heldFlags[name] !== undefined;
  const listed = (names: object) => Object.keys(names).join(", ") || "none";
  return present(
    !flags[name] && !isHeld && `There is no flag \`${name}\`. Flags: ${listed(flags)}.`,
    hold === "off" && !isHeld && `\`${name}\` is not held. Held flags: ${listed(heldFlags)}.`,
    reason === undefined && "REASON=<why> is missing.",
    hold === "off" &&
      actor === undefined &&
      "ACTOR=<who> is missing: a held flag is released by a person who says so.",
  );
}
