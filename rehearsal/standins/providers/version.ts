import { readFileSync } from "node:fs";

/** Version of an installed Node SDK (`aws`): a stand-in says the same, for the engine warns when they differ. */
export const sdkVersion = (name: string): string =>
  (JSON.parse(readFileSync(require.resolve(`@pulumi/${name}/package.json`), "utf8")) as { version: string })
    .version;
