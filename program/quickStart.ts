import { enableCompileCache } from "node:module";

/**
 * Two settings of Node that must precede every other import; together they save a fifth of a preview.
 *
 * - Compiled modules are cached in the system's folder for temporary files.
 * - Stack traces are not mapped to source lines. Pulumi takes a trace for each of its calls to the engine, several hundred in
 *   a preview, and ts-node would map every line. A trace still names the right file and function, but the compiled line.
 */
enableCompileCache();
delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
