import { describe, expect, it } from "vitest";
import type { Settings } from "../../../decisions/stack/config";
import { protectionStateOf, locksVault } from "../../../decisions/approval/protectionState";
import { lockOf, vaultLockHash } from "../../../decisions/approval/vaultLock";
import { served, settingsWith } from "../samples";

const settings = settingsWith(served());
const locked = (backups: Partial<Settings["backups"]>, more: Partial<Settings> = {}): Settings => ({
  ...settings,
  ...more,
  backups: { ...settings.backups, lock: "compliance", ...backups },
});
const name = (application: string): Partial<Settings> => ({
  application: { ...settings.application, name: application },
});

describe("an approval of the vault's lock", () => {
  it("is bound to the vault, to its days and to its mode", () => {
    const hashes = [
      vaultLockHash("prod", locked({})),
      vaultLockHash("prod", locked({ retentionDays: 8 })),
      vaultLockHash("prod", locked({ lock: "governance" })),
      vaultLockHash("staging", locked({})),
      vaultLockHash("prod", locked({}, name("library"))),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("is not bound to what has no part in the lock, such as a backup setting that is yet to come", () => {
    const later = { ...locked({}), backups: { ...locked({}).backups, copyTo: "elsewhere" } };
    expect(vaultLockHash("prod", later)).toBe(vaultLockHash("prod", locked({})));
    expect(vaultLockHash("prod", locked({}, { slo: { ...settings.slo, latencyMs: 1 } }))).toBe(
      vaultLockHash("prod", locked({})),
    );
  });

  it("covers all that AWS is told of the lock", () =>
    expect(lockOf("prod", locked({ retentionDays: 8 }))).toEqual({
      backupVaultName: `${settings.application.name}-prod-database`,
      minRetentionDays: 8,
      maxRetentionDays: 35,
      changeableForDays: 3,
    }));
});

describe("locking the vault for good", () => {
  it.each([
    ["for the first time", locked({}), protectionStateOf("prod", locked({ lock: "governance" })), true],
    ["where nothing is published", locked({}), undefined, true],
    ["as it is", locked({}), protectionStateOf("prod", locked({})), false],
    [
      "as it is, published by an older version",
      locked({}),
      { changeWindow: true, vaultLock: "compliance" },
      false,
    ],
    ["for other days", locked({ retentionDays: 9 }), protectionStateOf("prod", locked({})), true],
    ["in governance mode", locked({ lock: "governance" }), undefined, false],
  ] as const)("%s: whether it is asked about", (_name, wanted, inForce, isAsked) =>
    expect(locksVault("prod", wanted, inForce)).toBe(isAsked),
  );
});
