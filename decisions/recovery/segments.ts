/** Names of write-ahead log segments of 16 MB, PostgreSQL's default size: timeline, then the position in two parts. */
const segment = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/;

/** Whether a file of an archive is a whole segment. */
export const isSegment = (name: string): boolean => segment.test(name);

const position = (name: string): { timeline: string; at: number } | undefined => {
  const [, timeline = "", high = "", low = ""] = segment.exec(name) ?? [];
  const part = Number.parseInt(low, 16);
  return timeline !== "" && part < 256 ? { timeline, at: Number.parseInt(high, 16) * 256 + part } : undefined;
};

function nameOf(timeline: string, at: number): string {
  const part = (value: number) => value.toString(16).toUpperCase().padStart(8, "0");
  return timeline + part(Math.floor(at / 256)) + part(at % 256);
}

/**
 * The first segment that an archive lacks between `first` and its newest one of the same timeline; undefined: none.
 * PostgreSQL itself only says that recovery ended early.
 */
export function firstGap(names: readonly string[], first: string): string | undefined {
  const start = position(first);
  if (!start) return undefined;
  const known = names.flatMap((name) => position(name) ?? []);
  const here = new Set(known.filter(({ timeline }) => timeline === start.timeline).map(({ at }) => at));
  const newest = Math.max(start.at, ...here);
  for (let at = start.at; at <= newest; at += 1) if (!here.has(at)) return nameOf(start.timeline, at);
  return undefined;
}
