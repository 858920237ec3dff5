import { enableCompileCache } from "node:module";

/**
 * Two settings of Node that must be made before anything else is imported; together they save a fifth of a preview.
 *
 * Compiled modules are kept in the system's folder for temporary files. And stack traces are off: Pulumi takes one for
 * every call to the engine, and each of its lines is looked up in a source map. To see them when the program itself has
 * a fault, run with NODE_OPTIONS=--stack-trace-limit=20.
 */
enableCompileCache();
const nodesOwnLimit = 10;
if (Error.stackTraceLimit === nodesOwnLimit) Error.stackTraceLimit = 0;
