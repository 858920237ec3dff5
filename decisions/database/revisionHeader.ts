/**
 * What a revision's file says of itself. Alembic imports the file; commands, policies and the program run where no Python
 * is installed, so this reads its text instead: the one reader of it. It takes what can be read without running anything
 * (strings, None, True, False, tuples, lists; annotated, over several lines, with comments) and says of everything else
 * that it cannot read it, rather than guess. A test compares it with Alembic's own ScriptDirectory.
 */
export interface RevisionHeader {
  revision: string;
  /** `down_revision`: none for a first revision, several for a merge. */
  parents: string[];
  /** `depends_on`: revisions or labels of branches that must be there before it. */
  dependsOn: string[];
  branchLabels: string[];
  /** Whether its downgrade brings back what was there; undefined: it does not say so, once, in plain words. */
  reversible?: boolean;
  /** expand, backfill, enforce, contract or data; "" where it does not say. */
  kind: string;
  /** What people notice of it; "" where it does not say. */
  impact: string;
  /** Feature flag that switches the code or guards the backfill. */
  flag?: string;
}

export type ReadHeader = { ok: true; header: RevisionHeader } | { ok: false; reasons: string[] };

/** What Alembic needs: each of these is read for certain, or the file is not read at all. */
const identity = ["revision", "down_revision", "depends_on", "branch_labels"] as const;
const names: ReadonlySet<string> = new Set([...identity, "reversible", "kind", "impact", "flag"]);

/** A value as Python would have it; undefined where that takes running the file. */
type Literal = string | boolean | null | readonly string[] | undefined;

/** One assignment to a name of the header; `text` is the value as it is written. */
interface Assignment {
  name: string;
  value: Literal;
  text: string;
}

/** Reads the header of a revision's file, or says everything that is wrong with it. */
export function readRevisionHeader(text: string): ReadHeader {
  const tokens = tokensOf(text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n"));
  if (!tokens) return { ok: false, reasons: ["a string in it is not closed"] };
  const found = statements(tokens).flatMap(assignments);
  const of = (name: string) => found.filter((one) => one.name === name);
  const once = (name: string): Literal => (of(name).length === 1 ? of(name)[0]?.value : undefined);
  const reasons = identity.flatMap((name) => identityIssues(name, of(name)));
  if (reasons.length > 0) return { ok: false, reasons };
  const [revision = "", ...parents] = [...listOf(once("revision")), ...listOf(once("down_revision"))];
  const [reversible, kind, flag] = [once("reversible"), once("kind"), once("flag")];
  const impacts = of("impact").map((one) => (typeof one.value === "string" ? one.value : one.text));
  const header: RevisionHeader = {
    revision,
    parents,
    dependsOn: listOf(once("depends_on")),
    branchLabels: listOf(once("branch_labels")),
    kind: typeof kind === "string" ? kind : "",
    // All that is written there: whoever looks for a word in it must not miss one.
    impact: impacts.join(" "),
  };
  if (typeof reversible === "boolean") header.reversible = reversible;
  if (typeof flag === "string") header.flag = flag;
  return { ok: true, header };
}

const listOf = (value: Literal): string[] =>
  typeof value === "string" ? [value] : Array.isArray(value) ? [...(value as readonly string[])] : [];

function identityIssues(name: (typeof identity)[number], found: readonly Assignment[]): string[] {
  const [first, second] = found;
  if (!first) return name === "revision" || name === "down_revision" ? [`\`${name}\` is not assigned`] : [];
  if (second) return [`\`${name}\` is assigned ${found.length} times`];
  const { value, text } = first;
  const isOne = typeof value === "string" && value !== "";
  const isSeveral = Array.isArray(value) && !value.includes("");
  if (name === "revision" ? isOne : isOne || isSeveral || value === null) return [];
  const allowed = name === "revision" ? "a string" : "None, a string, or a tuple or list of strings";
  return [`\`${name}\` is \`${text}\`; allowed is ${allowed}, written out`];
}

/** A word, number, operator, bracket, string or `\n`. */
interface Token {
  text: string;
  /** Whether it begins a line that is indented. */
  indented: boolean;
}

const quoted = String.raw`"""(?:[^\\]|\\[^])*?"""|'''(?:[^\\]|\\[^])*?'''|"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'`;
const tokenPattern = new RegExp(
  String.raw`#[^\n]*|\\\n|[ \t\f]+|[a-zA-Z]{0,2}(?:${quoted})|[\p{L}\p{N}_.]+|(?:\*\*|\/\/|<<|>>|[-+*/%&|^@<>=!:])=|[^]`,
  "gu",
);

/** undefined: there is a quote that opens a string without an end. */
function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  let indented = false;
  for (const [token] of text.matchAll(tokenPattern)) {
    if (token === '"' || token === "'") return undefined;
    if (/^[ \t\f]/.test(token)) indented ||= tokens.length === 0 || tokens.at(-1)?.text === "\n";
    else if (!token.startsWith("#") && token !== "\\\n") {
      tokens.push({ text: token, indented });
      indented = false;
    }
  }
  return tokens;
}

const depthChange = (text: string): number => (/^[([{]$/.test(text) ? 1 : /^[)\]}]$/.test(text) ? -1 : 0);

/** Splits outside of brackets; line breaks inside of them mean nothing. */
function split(tokens: readonly Token[], isBorder: (text: string) => boolean): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    depth += depthChange(token.text);
    if (depth === 0 && isBorder(token.text)) parts.push([]);
    else if (token.text !== "\n") parts.at(-1)?.push(token);
  }
  return parts;
}
const isEqualSign = (text: string) => text === "=";
const isAssigning = (text: string) => text.endsWith("=") && !/^[=!<>]=$/.test(text);
const isComma = (text: string) => text === ",";

/** What a module does when it is imported, outside of the bodies of its functions and classes. */
interface Statement {
  tokens: Token[];
  /** Whether it runs in any case and once. */
  isPlain: boolean;
}

function statements(tokens: readonly Token[]): Statement[] {
  let isBody = false;
  return split(tokens, (text) => text === "\n").flatMap((line) => {
    const [first] = line;
    if (!first) return [];
    if (!first.indented) isBody = /^(def|class|async)$/.test(first.text);
    if (isBody) return [];
    const isPlain = !first.indented && !/^(if|for|while|with|try|match)$/.test(first.text);
    return split(line, (text) => text === ";").map((part) => ({ tokens: part, isPlain }));
  });
}

/** What a statement assigns to names of the header. In any other form than `name = value` the value is not known. */
function assignments({ tokens, isPlain }: Statement): Assignment[] {
  const [first, second] = tokens;
  if (isPlain && first && names.has(first.text) && /^[=:]$/.test(second?.text ?? "")) {
    const [, value, ...more] = split(tokens, isEqualSign);
    if (!value) return []; // an annotation alone
    return [{ name: first.text, value: more.length > 0 ? undefined : literal(value), text: textOf(value) }];
  }
  const isBinding = /^(import|from|for|with|del)$/.test(first?.text ?? "");
  const targets = isBinding ? tokens : split(tokens, isAssigning).slice(0, -1).flat();
  return targets
    .filter(({ text }) => names.has(text))
    .map(({ text: name }) => ({ name, value: undefined, text: textOf(tokens) }));
}

const textOf = (tokens: readonly Token[]): string => tokens.map(({ text }) => text).join(" ");

const constants: ReadonlyMap<string, Literal> = new Map<string, Literal>([
  ["None", null],
  ["True", true],
  ["False", false],
]);

function literal(tokens: readonly Token[]): Literal {
  const parts = split(tokens, isComma);
  if (parts.length > 1) return strings(parts);
  const [first, ...rest] = tokens;
  if (!first) return undefined;
  if (constants.has(first.text)) return rest.length === 0 ? constants.get(first.text) : undefined;
  if (depthChange(first.text) !== 1) {
    const texts = tokens.map(({ text }) => unquoted(text));
    return texts.includes(undefined) ? undefined : texts.join("");
  }
  if (!isOneBracket(tokens)) return undefined;
  const inner = split(tokens.slice(1, -1), isComma);
  const isGroup = first.text === "(" && inner.length === 1 && inner[0]?.length !== 0;
  return isGroup ? literal(inner[0] ?? []) : strings(inner);
}

/** Whether the bracket that opens them closes with the last of them. */
function isOneBracket(tokens: readonly Token[]): boolean {
  let depth = 0;
  return tokens.every(({ text }, index) => (depth += depthChange(text)) > 0 || index === tokens.length - 1);
}

/** The members of a tuple or list, of which the last may be followed by a comma. */
function strings(parts: readonly Token[][]): readonly string[] | undefined {
  const members = parts.at(-1)?.length === 0 ? parts.slice(0, -1) : parts;
  const values = members.map(literal);
  return values.every((value) => typeof value === "string") ? values : undefined;
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/** A string's value; undefined where it is none, is put together (f"…"), bytes, or has an escape by number. */
function unquoted(text: string): string | undefined {
  const [, prefix = "", , body = ""] = /^([a-zA-Z]*)("""|'''|"|')([^]*)\2$/.exec(text) ?? [];
  if (!/["']/.test(text) || /[^ru]/i.test(prefix)) return undefined;
  if (/r/i.test(prefix)) return body;
  const isKnown = [...body.matchAll(/\\([^])/g)].every(([, escape = ""]) => escape in escapes);
  return isKnown ? body.replace(/\\([^])/g, (_, escape: string) => escapes[escape] ?? "") : undefined;
}
