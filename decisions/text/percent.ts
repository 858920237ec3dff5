/** A part of a whole, 0 to 1, as people read it: `0.1234` -> `12.34 %`. Default: two digits after the point. */
export const percent = (part: number, digits = 2): string => `${(100 * part).toFixed(digits)} %`;
