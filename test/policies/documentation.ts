import type { Area, Rule, Setting } from "../../policies/rule";

/** docs/policies.md, made from the pack. */

const headings: Record<Area, string> = {
  backups: "Backups",
  release: "Release",
  alarms: "Alarms",
  flags: "Flags",
  change: "Change",
};

const introduction = `<!-- Made from policies/ by test/policies/documentation.test.ts; \`npx vitest run test/policies -u\` makes it anew. -->

# Policies

The pack in \`policies/\` forbids what would make a release unsafe or a backup useless, in this program and in any other Pulumi program on AWS and Kubernetes.

\`\`\`
pulumi preview --policy-pack policies
\`\`\`

or, for every \`pulumi preview\` and \`pulumi up\` of a shell, \`export PULUMI_OPTION_POLICY_PACK=policies\`, as CI and the rehearsal do. A violation says what was found, what is required and how to mend it; a mandatory one ends the command: those of this project with exit code 4 where nothing was changed yet, else with 5. On a way back policies only report.

**Another program** names the pack's folder in its \`Pulumi.yaml\`, because the engine finds by it what starts the pack:

\`\`\`yaml
plugins:
  analyzers:
    - name: policy-deployment-safety
      path: <folder of the pack>
\`\`\`

**Settings** are in a policy config file of the usual form: \`{ "<policy>": "advisory" }\` or \`{ "<policy>": { "enforcementLevel": "mandatory", "<setting>": … } }\`, for all with \`"all"\`. The pack takes \`<stack>.json\` of its own folder (here \`staging.json\` and \`prod.json\`); a file named by \`--policy-pack-config\` or \`PULUMI_OPTION_POLICY_PACK_CONFIG\` goes over it, setting by setting. Levels are \`advisory\`, \`mandatory\` (the default) and \`disabled\`; \`remediate\` counts as mandatory. A value of the wrong type or out of range ends the command with the path of the fault, and so does a setting that a policy does not have. The name of a policy that does not exist ends it too, in the pack's own file and in one that \`PULUMI_OPTION_POLICY_PACK_CONFIG\` names; in one named by \`--policy-pack-config\` it is passed over.

Severity is for people and changes nothing; the level decides. Requirements are the rows of [requirements](requirements.md).

**When it is asked.** A policy about one resource is asked before that is created or changed. One about the stack needs all of them: a preview asks it before anything is touched, an \`up\` after. \`pulumi up --skip-preview\` therefore finds it out too late; run a preview first. The commands do not preview: what depends on the step they and the program ask beforehand by the same rules, and on a way back policies only report ([ADR 16](adr/0016-policies-judge-updates-and-only-report-on-a-way-back.md)). What only the update will know (\`[unknown]\`) is no violation in a preview; what is unset is one.
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
