/** Text that is HTML already; anything else that comes into {@link html} is escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What may stand in a template: text and numbers are escaped, lists are joined, absent values leave nothing. */
type Part = Markup | string | number | undefined | false | readonly Part[];

/** HTML from a template; a value is escaped unless it is {@link Markup}. */
export const html = (literals: TemplateStringsArray, ...parts: Part[]): Markup =>
  new Markup(literals.map((literal, index) => literal + textOf(parts[index])).join(""));

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function textOf(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map(textOf).join("");
  return String(part).replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
