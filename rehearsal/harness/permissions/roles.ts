/** Which role a command needs, and which of the policy documents in docs/permissions a role has. */

/** The commands of each role; one that is not here changes what is declared, and needs a deploy's. */
const roles: Record<"preview" | "look" | "rollback" | "drill", readonly string[]> = {
  preview: ["preview", "drift", "sync"],
  look: ["status", "checklist", "smoke", "report", "playbook", "audit-verify"],
  rollback: ["rollback", "pause", "open", "stabilize", "notify", "incident", "postmortem", "allow", "flag"],
  drill: ["drill", "restore"],
};

/** Name of a role. */
export type Role = keyof typeof roles | "deploy";

/** The role that is enough for a command. */
export const roleOf = (command: string): Role =>
  (Object.keys(roles) as (keyof typeof roles)[]).find((role) => roles[role].includes(command)) ?? "deploy";

/** The policy documents of each role, so that a statement stands in one of them only. Each fits into a managed policy. */
export const documentsOf: Record<Role, readonly string[]> = {
  preview: ["read", "preview"],
  look: ["read", "look"],
  rollback: ["read", "look", "preview", "rollback"],
  deploy: ["read", "look", "preview", "rollback", "deploy"],
  drill: ["read", "look", "drill"],
};

/** A policy document of AWS, as far as it is looked at here. */
export interface PolicyDocument {
  Statement: { Action: string[] }[];
}

/** Whether one of the documents allows an action such as `ssm:GetParameter`. No document has a `*` in an action. */
export const allows = (documents: readonly PolicyDocument[], action: string): boolean =>
  documents.some(({ Statement }) => Statement.some(({ Action }) => Action.includes(action)));
