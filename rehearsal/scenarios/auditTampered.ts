import assert from "node:assert/strict";
import { asOwner, tamperings } from "../harness/act/incidents";
import type { Scenario } from "../harness/scenario";

const table = "reporting.audit_event";

export const auditTampered: Scenario = {
  name: "audit-tampered",
  proves:
    "whoever owns the database cannot change, take out, put in, reorder or cut records without audit-verify naming it",
  usual: false,
  run: async (context) => {
    await context.expect(0, "incident");
    await context.expect(0, "audit-verify");
    await asOwner(context, `CREATE TABLE public.kept AS TABLE ${table}`);
    for (const [tamper, says] of tamperings) {
      await asOwner(context, tamper);
      const found = await context.make("audit-verify");
      await asOwner(context, `DELETE FROM ${table}`, `INSERT INTO ${table} TABLE public.kept`);
      assert.equal(found.exitCode, 4, `it must be found: ${tamper}`);
      assert.match(found.stderr, says, `it must be named: ${tamper}`);
    }
    await asOwner(context, "DROP TABLE public.kept");
    await context.expect(0, "audit-verify");
    return { tamperings: tamperings.length };
  },
};
