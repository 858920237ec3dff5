import { Client, type ClientConfig } from "pg";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import { withinTime } from "../shell/wait";

/** Connections to PostgreSQL for the commands that look into databases. Passwords stay out of messages and arguments. */

/** The address of a database, without a driver's name in its scheme (`postgresql+psycopg://`), as a config of `pg`. */
export function readDatabaseUrl(text: string): ClientConfig {
  let url: URL;
  try {
    url = new URL(text.replace(/^postgres(?:ql)?(?:\+\w+)?:/, "postgresql:"));
  } catch (error) {
    throw new Failure(
      exitCodes.configInvalid,
      "DATABASE_URL is no URL: postgresql://user:password@host:5432/name is expected.",
      { cause: error },
    );
  }
  const mode = url.searchParams.get("sslmode") ?? "";
  return {
    host: url.searchParams.get("host") ?? decodeURIComponent(url.hostname),
    port: Number(url.port || "5432"),
    user: decodeURIComponent(url.username),
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
    database: decodeURIComponent(url.pathname.slice(1)),
    // `require` encrypts without asking who answers, as libpq does; the stricter modes check the certificate.
    ...(["require", "prefer"].includes(mode) ? { ssl: { rejectUnauthorized: false } } : {}),
    ...(mode.startsWith("verify-") ? { ssl: { rejectUnauthorized: true } } : {}),
  };
}

/** Longest that one query may take by default, milliseconds; `query_timeout` of the config says otherwise. */
const queryTimeout = 20_000;

/**
 * Opens a connection whose text form of every value is the same everywhere. `what` names the database in errors. A server
 * that stops answering ends the wait after 10 s for the connection, and after `query_timeout` for a query.
 */
export async function connect(config: ClientConfig, what: string): Promise<Client> {
  const client = new Client({
    connectionTimeoutMillis: 10_000,
    query_timeout: queryTimeout,
    ...config,
    application_name: "deployment-safety",
    keepAlive: true,
    options:
      "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1 -c bytea_output=hex",
  });
  // A connection that breaks between two queries must not end the process; the next query tells.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return namingTimeouts(
      client,
      `${what} did not answer within ${(config.query_timeout ?? queryTimeout) / 1000} s`,
    );
  } catch (error) {
    await disconnect(client);
    const where = `${config.user ?? ""}@${config.host ?? ""}:${config.port ?? ""}/${config.database ?? ""}`;
    throw new Error(`cannot connect to ${what} (${where}): ${messageOf(error)}`, { cause: error });
  }
}

/** `pg` says only that a query timed out. */
function namingTimeouts(client: Client, message: string): Client {
  const query = client.query.bind(client) as (...words: unknown[]) => Promise<unknown>;
  const named = async (...words: unknown[]): Promise<unknown> => {
    try {
      return await query(...words);
    } catch (error) {
      throw messageOf(error) === "Query read timeout" ? new Error(message, { cause: error }) : error;
    }
  };
  return Object.assign(client, { query: named });
}

/** Ends a connection, waiting at most 2 s for the server; never throws. */
export const disconnect = (client: Client): Promise<void> =>
  withinTime(client.end(), 2_000).catch(() => undefined);
