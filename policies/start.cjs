// Starts the pack: compiled modules are kept between runs, and TypeScript is read as it is. Half a second less than by
// ts-node, which checks the types of the whole pack each time.
require("node:module").enableCompileCache();
require("tsx/cjs/api").register();
require("./index.ts");
