/** The texts that there are: each condition that does not hold leaves its text out, as in `isLate && "it is late"`. */
export const present = (...texts: (string | false | undefined)[]): string[] =>
  texts.filter((text) => typeof text === "string");
