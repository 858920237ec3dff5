// Starts the pack quickly: the engine waits for it before it starts the program, at every preview and update.
const modules = require("node:module");

// Compiled modules are kept between runs.
modules.enableCompileCache?.();

// The Pulumi SDK brings two things that a pack never uses and that are most of what it loads: the serializer of functions,
// with the TypeScript compiler and npm's reader of package trees, and the Automation API. They are empty here.
const unused = new Set(["typescript", "@npmcli/arborist", "normalize-package-data", "./automation"]);
const empty = "data:text/javascript,";
modules.registerHooks?.({
  resolve: (name, context, next) =>
    unused.has(name) ? { url: empty, format: "commonjs", shortCircuit: true } : next(name, context),
  load: (url, context, next) =>
    url === empty ? { source: "", format: "commonjs", shortCircuit: true } : next(url, context),
});

// TypeScript is read as it is, without checking the types of the whole pack each time.
require("tsx/cjs/api").register();
require("./index.ts");
