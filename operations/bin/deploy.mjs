#!/usr/bin/env node
// `npx --no-install deploy --version <tag>`: the deploy command, with TypeScript loaded on the fly.
import { createRequire } from "node:module";
import { register } from "tsx/cjs/api";

register();
process.argv.splice(2, 0, "deploy");
createRequire(import.meta.url)("../main.ts");
