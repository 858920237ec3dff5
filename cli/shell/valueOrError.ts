/** The value, or the error of reading it: for output that names what could not be read instead of failing. */
export async function valueOrError<T>(read: () => Promise<T>): Promise<T | Error> {
  try {
    return await read();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
