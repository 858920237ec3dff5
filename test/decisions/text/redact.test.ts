import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masked } from "../../../decisions/stack/configDiff";
import { redact, redactIn, secretsIn, secretsOf } from "../../../decisions/text/redact";

describe("secrets of an environment", () => {
  it.each([
    ["AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"],
    ["AWS_SESSION_TOKEN", "FwoGZXIvYXdzE"],
    ["PULUMI_CONFIG_PASSPHRASE", "correct horse"],
    ["PULUMI_ACCESS_TOKEN", "pul-0123456789"],
    ["PGPASSWORD", "correct horse"],
    ["COMMS_WEBHOOK_URL", "https://hooks.example.com/T0/B0/x"],
    ["DEPLOY_API_KEY", "0123456789"],
  ])("are the value of %s", (name, value) => expect(secretsIn({ [name]: value })).toEqual([value]));

  it("are the password of an address under any name, as written and as meant", () =>
    expect(secretsIn({ DATABASE_URL: "postgresql://school:s3%2Fcret@db:5432/school" })).toEqual([
      "s3%2Fcret",
      "s3/cret",
    ]));

  it.each([
    ["PATH", "/usr/bin:/bin"],
    ["AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"],
    ["AWS_REGION", "eu-central-1"],
    ["PULUMI_CONFIG_PASSPHRASE_FILE", "/run/passphrase"],
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token"],
    ["KUBECONFIG", "/run/kubeconfig"],
    ["DATABASE_URL", "postgresql://school@db/school"],
    ["GIT_ASKPASS", "/usr/lib/git-askpass"],
  ])("are not %s=%s", (name, value) => expect(secretsIn({ [name]: value })).toEqual([]));
});

describe("a text", () => {
  const secret = fc.string({ minLength: 8, maxLength: 40 }).filter((text) => /^\S+$/.test(text));

  it("has no secret any more, whether it was written as it is, in an address, in JSON or as Kubernetes has it", () =>
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
        const forms = [
          hidden,
          encodeURIComponent(hidden),
          JSON.stringify(hidden).slice(1, -1),
          Buffer.from(hidden).toString("base64"),
        ];
        for (const form of forms) {
          expect(redact(`${before}\n${form}\n${after}`, secretsOf(hidden))).not.toContain(form);
        }
      }),
    ));

  it("stays as it is where there is none", () =>
    expect(redact("see https://example.com/a:b@c and ada@example.com", ["correct horse"])).toBe(
      "see https://example.com/a:b@c and ada@example.com",
    ));

  it("loses the password of any address, also of one that nobody had told", () =>
    expect(redact("cannot fetch http://ops:s3cret@prometheus:9090/api", [])).toBe(
      `cannot fetch http://ops:${masked}@prometheus:9090/api`,
    ));

  it("keeps what it says of the form of an address", () =>
    expect(redact("postgresql://user:password@host:5432/name is expected", [])).toBe(
      "postgresql://user:password@host:5432/name is expected",
    ));

  it("keeps short words, for a secret so short cannot be told from them", () =>
    expect(redact("rollback to blue", ["blue"])).toBe("rollback to blue"));
});

describe("a record", () => {
  it("loses a secret in each of its texts, and keeps its names and words", () =>
    expect(
      redactIn({ operation: "rollback", reasons: ["rollback failed: rollback1"], serial: 3, none: null }, [
        "rollback",
        "rollback1",
      ]),
    ).toEqual({
      operation: "rollback",
      reasons: [`${masked} failed: ${masked}`],
      serial: 3,
      none: null,
    }));

  it("keeps a time", () => {
    const at = new Date(0);
    expect(redactIn({ at }, ["correct horse"])).toEqual({ at });
  });
});
