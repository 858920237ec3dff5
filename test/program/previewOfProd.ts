import * as liveState from "../../policies/approval/liveState";
import type { PolicyContext } from "../../policies/rule";

/** A preview of prod at noon, in which nothing is published yet. */
export const previewOfProd: PolicyContext = {
  now: new Date("2026-11-24T12:00:00Z"),
  stack: "prod",
  isPreview: true,
  config: {},
  root: "",
  parameters: () => Promise.resolve(new Map<string, string>()),
  liveState: () => liveState,
};
