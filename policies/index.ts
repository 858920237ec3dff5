import { PolicyPack } from "@pulumi/policy";
import { policies, situation } from "./pack";
import { rules } from "./rules";

/** Serves the pack to the engine that has started this process. */
new PolicyPack("deployment-safety", {
  description: "Backups, releases, alarms, flags and irreversible changes as deployment-safety needs them",
  policies: policies(rules, () => situation(process.env, new Date())),
});
