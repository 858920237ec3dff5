/** Who may import whom. `make lint` runs it over the whole project; docs/adr/0020 says why. */

/** One layer: a folder of the root, and the other layers that it may import. */
const layers = {
  decisions: [],
  repository: ["decisions"],
  program: ["decisions", "repository"],
  components: ["decisions", "repository"],
  policies: ["decisions", "repository"],
  cli: ["decisions", "repository"],
  rehearsal: ["decisions", "repository"],
};

/** `^(a|b)/` */
const folders = (names) => `^(${names.join("|")})/`;
const everyLayer = Object.keys(layers);

/** decisions/ is pure: schemas, time, schedules and hashes are all it needs from others. */
const purePackages = ["zod", "luxon", "cron-parser"];

export default {
  forbidden: [
    {
      name: "no-circle",
      comment: "Files that import each other can be neither read nor changed one at a time.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "not-found",
      comment: "An import that leads nowhere.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, path: "^\\." },
    },
    ...Object.entries(layers).map(([layer, allowed]) => ({
      name: `layer-${layer}`,
      comment: `${layer}/ may import itself${allowed.map((name) => ` and ${name}/`).join("")}.`,
      severity: "error",
      from: { path: folders([layer]) },
      to: {
        path: `${folders([...everyLayer, "bench", "test"])}|^index\\.ts$`,
        pathNot: folders([layer, ...allowed]),
      },
    })),
    {
      name: "program-of-index",
      comment: "index.ts composes components; it starts no command and no rehearsal.",
      severity: "error",
      from: { path: "^index\\.ts$" },
      to: { path: folders(["cli", "policies", "rehearsal", "bench", "test"]) },
    },
    {
      name: "rehearsal-stays-apart",
      comment: "No product code and no benchmark knows that it is rehearsing.",
      severity: "error",
      from: { pathNot: folders(["rehearsal", "test"]) },
      to: { path: folders(["rehearsal"]) },
    },
    {
      name: "pure-decisions",
      comment: `decisions/ may import ${purePackages.join(", ")} and node:crypto.`,
      severity: "error",
      from: { path: folders(["decisions"]) },
      to: {
        dependencyTypes: ["npm", "npm-dev", "npm-no-pkg", "npm-unknown", "core", "unknown"],
        pathNot: `^(node:)?crypto$|^node_modules/(${purePackages.join("|")})/`,
      },
    },
  ],
  options: {
    // Imports of types count as well: they are what a reader follows.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(\\.rehearsal|\\.venv|bench/policies/awsguard)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
