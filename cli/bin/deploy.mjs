#!/usr/bin/env node
// `npx --no-install deploy --version <tag>`: the deploy command, with TypeScript loaded on the fly.
import "tsx";

process.argv.splice(2, 0, "deploy");
await import("../main.ts");
