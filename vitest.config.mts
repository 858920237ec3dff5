import { defineConfig } from "vitest/config";

/** Three projects: pure functions, components under Pulumi mocks, and whole commands on the real engine. */
export default defineConfig({
  test: {
    // Vitest leaves a core free by default; `make test` runs its parts one after another.
    maxWorkers: "100%",
    // With --coverage, as `make test` runs the unit tests: what acts is proved without a rehearsal.
    coverage: {
      provider: "v8",
      include: ["cli/**/*.ts"],
      reporter: ["text-summary"],
      reportsDirectory: ".rehearsal/test/coverage",
      thresholds: { lines: 80 },
    },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/components/**", "test/program/**", "test/engine/**"],
          testTimeout: 15_000,
        },
      },
      {
        // Pulumi's mocks are global to a process, so each file gets its own.
        test: {
          name: "components",
          include: ["test/components/**/*.test.ts", "test/program/**/*.test.ts"],
          pool: "forks",
          isolate: true,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Each test drives a real engine and its servers: one file at a time.
        test: {
          name: "engine",
          include: ["test/engine/**/*.test.ts"],
          pool: "forks",
          isolate: true,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
