/** Which role a command needs; docs/permissions has a policy document for each. */

/** The commands of each role; one that is not here changes what is declared, and needs a deploy's. */
const roles: Record<"look" | "rollback" | "drill", readonly string[]> = {
  look: ["status", "checklist", "smoke", "report", "playbook", "sync", "preview", "drift", "audit-verify"],
  rollback: ["rollback", "pause", "open", "stabilize", "notify", "incident", "postmortem", "allow", "flag"],
  drill: ["drill", "restore"],
};

/** Name of a role. */
export type Role = keyof typeof roles | "deploy";

/** The role that is enough for a command. */
export const roleOf = (command: string): Role =>
  (Object.keys(roles) as (keyof typeof roles)[]).find((role) => roles[role].includes(command)) ?? "deploy";

/** A policy document of AWS, as far as it is looked at here. */
export interface PolicyDocument {
  Statement: { Action: string[] }[];
}

/** Whether a document allows an action such as `ssm:GetParameter`. No document has a `*` in an action. */
export const allows = ({ Statement }: PolicyDocument, action: string): boolean =>
  Statement.some(({ Action }) => Action.includes(action));
