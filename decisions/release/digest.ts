import type { Release } from "../stack/config";
import type { Slot } from "../stack/names";

/**
 * The digest of an image that is named by digest: `example.com/school@sha256:ab…` -> `sha256:ab…`.
 * Throws on a name without one, for then nothing tells which code it is.
 */
export function digest(image: string): string {
  const at = image.lastIndexOf("@");
  if (at < 0) throw new Error(`Image \`${image}\` names no digest; allowed is name@sha256:<64 hex digits>.`);
  return image.slice(at + 1);
}

/** The hex digits of a digest, as parameter paths hold them: `sha256:ab…` -> `ab…`. */
export const hex = (value: string): string => value.replace(/^sha256:/, "");

/** The digest of parameter path's hex digits: `ab…` -> `sha256:ab…`. */
export const digestOfHex = (value: string): string => `sha256:${value}`;

/** Digest that `slot` runs; undefined while it is empty. */
export function digestIn(release: Release, slot: Slot): string | undefined {
  const held = release.slots[slot];
  return held && digest(held.image);
}

/** Digest of the live slot; undefined before the first release. */
export const liveDigest = (release: Release): string | undefined => digestIn(release, release.live);
