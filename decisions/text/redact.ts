import { masked } from "../stack/configDiff";

/** What is a secret in an environment or an address, and how a text looks without it. */

/**
 * Shortest secret that is looked for in texts, characters: a shorter one may be a word, and hiding that would hide what
 * people have to read. In an address it is hidden at any length.
 */
const shortest = 8;

/** Variables whose value is a secret. Those that only say where one is end in FILE, PATH or URI. */
const secretName =
  /(?:PASSWORD|PASSPHRASE|(?:^|_)PASS|SECRET|TOKEN|WEBHOOK(?:_URL)?|(?:SECRET|ACCESS|API|PRIVATE)_?KEY)$/i;

/** Every secret of an environment: values of variables that are called like one, passwords of addresses in any other. */
export const secretsIn = (environment: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(environment).flatMap(([name, value = ""]) =>
    secretName.test(name) ? [value] : passwordIn(value),
  );

/** The password of an address (`scheme://user:password@host`), as written and as meant; none where there is none. */
function passwordIn(address: string): string[] {
  const [, password = ""] = /^[a-z][\w+.-]*:\/\/[^/:@]*:(.*)@/i.exec(address) ?? [];
  return password === "" ? [] : [...new Set([password, decoded(password)])];
}

/** What is secret in a value that came out of a store of secrets: an address' password, or the whole. */
export function secretsOf(value: string): string[] {
  const passwords = passwordIn(value);
  return [Buffer.from(value).toString("base64"), ...(passwords.length > 0 ? passwords : [value])];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `text` with every secret masked, in each form that a program may print it in, and the password of any address. */
export function redact(text: string, secrets: Iterable<string>): string {
  const forms = [...secrets]
    .filter((secret) => secret.length >= shortest)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    .sort((one, two) => two.length - one.length);
  const without = [...new Set(forms)].reduce((shown, form) => shown.replaceAll(form, masked), text);
  // `password` itself is what messages call the place where one stands.
  return without.replaceAll(/(:\/\/[^\s/:@"'<>]*:)(?!password@)[^\s/"'<>]+@/g, `$1${masked}@`);
}

/**
 * A record with every secret masked in its texts. Keys, and values of one word of letters and hyphens, are this
 * program's own and stay: a passphrase that is a word must not turn an operation's name into nothing.
 */
export function redactIn<T>(record: T, secrets: readonly string[]): T {
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return /^[a-z-]*$/i.test(value) ? value : redact(value, secrets);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value === "object" && value !== null && !("toJSON" in value))
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, walk(entry)]));
    return value;
  };
  return walk(record) as T;
}
