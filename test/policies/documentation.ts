import type { Area, Rule, Setting } from "../../policies/rule";

/** docs/policies.md, made from the pack. */

const headings: Record<Area, string> = {
  recovery: "Recovery",
  traffic: "Traffic",
  release: "Release",
  alarms: "Alarms",
  flags: "Flags",
  approval: "Approval",
};

const introduction = `<!-- Made from policies/ by test/policies/documentation.test.ts; \`npx vitest run test/policies -u\` makes it anew. -->

# Policies

The pack in \`policies/\` forbids what would make a release unsafe or a backup useless, in this program and in any other Pulumi program on AWS and Kubernetes.

\`\`\`
pulumi preview --policy-pack policies
\`\`\`

To apply it to every \`pulumi preview\` and \`pulumi up\` of a shell, as CI and the rehearsal do: \`export PULUMI_OPTION_POLICY_PACK=policies\`.

A violation says what was found, what is required and how to fix it. A mandatory one ends the command; the commands of this project then exit with code 4 if nothing was changed yet, else with 5. During a rollback policies only report.

**Another program** names the pack's folder in its \`Pulumi.yaml\`, where the engine looks up how to start the pack:

\`\`\`yaml
plugins:
  analyzers:
    - name: policy-deployment-safety
      path: <folder of the pack>
\`\`\`

**Settings** are in a policy config file of the usual form: \`{ "<policy>": "advisory" }\` or \`{ "<policy>": { "enforcementLevel": "mandatory", "<setting>": … } }\`; \`"all"\` stands for every policy.

- The pack reads \`<stack>.json\` in its own folder (here \`staging.json\` and \`prod.json\`). A file named by \`--policy-pack-config\` or \`PULUMI_OPTION_POLICY_PACK_CONFIG\` overrides it, setting by setting.
- Levels are \`advisory\`, \`mandatory\` (the default) and \`disabled\`; \`remediate\` counts as mandatory.
- A value of the wrong type or out of range, or a setting that a policy does not have, ends the command with the path of the issue.
- So does a policy that does not exist, in the pack's own file and in one that \`PULUMI_OPTION_POLICY_PACK_CONFIG\` names; the engine ignores it in one named by \`--policy-pack-config\`.

Severity is for people; only the level has an effect. Requirements are those of [requirements](requirements.md); the words are in [concepts](concepts.md).

**When a policy runs.**

- A policy about one resource runs before that resource is created or changed.
- A policy about the stack needs all resources: a preview runs it before anything is touched, an \`up\` afterwards. With \`pulumi up --skip-preview\` it is too late, so run a preview first.
- The commands do not preview. They and the program check beforehand, by the same rules, what depends on the step; during a rollback policies only report ([ADR 16](adr/0016-policies-judge-updates-and-only-report-on-a-way-back.md)).
- A value that only the update will know (\`[unknown]\`) is no violation in a preview; an unset one is.
`;

const bounds = ({ minimum, maximum }: Setting): string =>
  minimum === undefined || maximum === undefined ? "" : `, ${minimum} to ${maximum}`;

const settingLine = ([name, setting]: [string, Setting]): string =>
  `- Setting \`${name}\` (${setting.type}${bounds(setting)}; default \`${JSON.stringify(setting.default)}\`): ${setting.description}`;

const scopeOf = (rule: Rule): string =>
  "checkStack" in rule ? "the stack" : rule.types.map((type) => `\`${type.split(":").at(-1)}\``).join(", ");

const section = (rule: Rule): string =>
  [
    `### ${rule.id}`,
    "",
    rule.description,
    "",
    `- Why: ${rule.why}`,
    `- To fix: ${rule.remedy}`,
    `- Looks at: ${scopeOf(rule)}. Severity ${rule.severity}${rule.level ? `, ${rule.level}` : ""}${rule.isAdvisoryInPreview ? ", advisory in a preview" : ""}. Requirements ${rule.rows.join(", ")}.`,
    ...Object.entries(rule.settings ?? {}).map(settingLine),
    "",
  ].join("\n");

/** The whole document. */
export function policiesDocument(rules: readonly Rule[]): string {
  const areas = (Object.keys(headings) as Area[]).map((area) => {
    const own = rules.filter((rule) => rule.area === area);
    return own.length === 0 ? "" : `## ${headings[area]}\n\n${own.map(section).join("\n")}`;
  });
  return `${introduction}\n${areas.filter(Boolean).join("\n")}`;
}
