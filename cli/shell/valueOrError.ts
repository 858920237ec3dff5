/** The value, or the error that kept it away: for a page that says what it could not read rather than fail. */
export async function valueOrError<T>(read: () => Promise<T>): Promise<T | Error> {
  try {
    return await read();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
