import { describe, expect, it } from "vitest";
import { readProof } from "../../../decisions/database/revisionProof";
import { provedRevision } from "../samples";

const { proof } = provedRevision("r1");
const details = proof.ok ? proof.details : undefined;
const evidence = (parent: unknown) => ({
  kind: "proof" as const,
  subject: "r1",
  sha256: "a".repeat(64),
  at: "2026-11-25T00:00:00Z",
  details: { ...details, parent },
});

describe("a proof", () => {
  it.each([[null], ["a"], [["b", "c"]]])("may name %j as what is before the revision", (parent) =>
    expect(readProof(evidence(parent))).toMatchObject({ ok: true, details: { parent } }),
  );

  it("that names something else says where and what", () => {
    const read = readProof(evidence(7));
    expect(read).toMatchObject({ ok: false });
    expect(read.ok ? "" : read.reasons.join()).toContain("evidence/proof/r1.json: `details.parent`");
  });
});
