/** Which role a command needs, and which policy documents of docs/permissions that role has. */

/** Commands of each role. A command that is not listed changes what is declared, so it needs the deploy role. */
const roles: Record<"preview" | "observe" | "rollback" | "drill", readonly string[]> = {
  preview: ["preview", "drift", "sync"],
  observe: ["status", "checklist", "smoke", "report", "playbook", "audit-verify"],
  rollback: ["rollback", "pause", "open", "stabilize", "notify", "incident", "postmortem", "unblock", "flag"],
  drill: ["drill", "restore"],
};

/** Name of a role. */
export type Role = keyof typeof roles | "deploy";

/** The least role that a command needs. */
export const roleOf = (command: string): Role =>
  (Object.keys(roles) as (keyof typeof roles)[]).find((role) => roles[role].includes(command)) ?? "deploy";

/** Policy documents of each role. A statement is in one document only, and each document fits into a managed policy. */
export const documentsOf: Record<Role, readonly string[]> = {
  preview: ["read", "preview"],
  observe: ["read", "observe"],
  rollback: ["read", "observe", "preview", "rollback"],
  deploy: ["read", "observe", "preview", "rollback", "deploy"],
  drill: ["read", "observe", "drill"],
};

/** The part of an AWS policy document that is read here. */
export interface PolicyDocument {
  Statement: { Action: string[] }[];
}

/** Whether one of the documents allows an action such as `ssm:GetParameter`. No document has a `*` in an action. */
export const allows = (documents: readonly PolicyDocument[], action: string): boolean =>
  documents.some(({ Statement }) => Statement.some(({ Action }) => Action.includes(action)));
