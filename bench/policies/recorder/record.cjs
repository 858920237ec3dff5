// A policy pack that forbids nothing and writes down what it is shown: inputs before, outputs and references after.
// In a rehearsal with a release live, by its absolute path: PATH="<this folder>:$PATH" RECORD_TO=<file> pulumi preview -s prod --policy-pack <this folder>
const { writeFileSync } = require("node:fs");
const { PolicyPack } = require("@pulumi/policy");

const target = (properties) => properties.__getSpecialProxyTarget ?? properties;
const inputs = new Map();

new PolicyPack("recorder", {
  policies: [
    {
      name: "inputs",
      description: "Takes down the inputs of each resource.",
      validateResource: ({ urn, props }) => void inputs.set(urn, target(props)),
    },
    {
      name: "outputs",
      description: "Takes down the outputs of all resources, and writes the file.",
      validateStack: ({ resources }) => {
        const recorded = resources.map(({ type, name, urn, props, opts, propertyDependencies }) => ({
          type,
          name,
          urn,
          protect: opts.protect,
          inputs: inputs.get(urn) ?? {},
          outputs: target(props),
          references: Object.fromEntries(
            Object.entries(propertyDependencies).map(([key, targets]) => [
              key,
              targets.map((one) => one.urn),
            ]),
          ),
        }));
        writeFileSync(process.env.RECORD_TO, `${JSON.stringify(recorded, null, 1)}\n`);
      },
    },
  ],
});
