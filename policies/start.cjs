// Starts the pack quickly: at every preview and update the engine waits for it before it starts the program.
const modules = require("node:module");

// Compiled modules are cached between runs.
modules.enableCompileCache?.();

// Most of what the Pulumi SDK loads a pack never uses: the function serializer, with the TypeScript compiler and npm's
// package tree reader, and the Automation API. Here they are empty modules.
const unused = new Set(["typescript", "@npmcli/arborist", "normalize-package-data", "./automation"]);
const empty = "data:text/javascript,";
modules.registerHooks?.({
  resolve: (name, context, next) =>
    unused.has(name) ? { url: empty, format: "commonjs", shortCircuit: true } : next(name, context),
  load: (url, context, next) =>
    url === empty ? { source: "", format: "commonjs", shortCircuit: true } : next(url, context),
});

// TypeScript is transpiled only; checking the types of the whole pack would take seconds at each start.
require("tsx/cjs/api").register();
require("./index.ts");
