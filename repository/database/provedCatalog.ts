import type { Settings } from "../../decisions/stack/config";
import { provedCatalog, schemasOf, type ProvedCatalog } from "../../decisions/database/catalog";
import { readRevisions } from "./revisions";

/** The catalog that the proofs say a database at `revision` has, and the schemas in which any revision has anything. */
export function readProvedCatalog(
  root: string,
  settings: Settings,
  revision: string,
): { proved: ProvedCatalog; schemas: string[] } {
  const { files, graph, proof } = readRevisions(root, settings);
  const proofs = new Map([...files.keys()].map((id) => [id, proof(id)]));
  const catalogs = [...proofs.values()].flatMap((one) => (one.ok ? [one.details.catalog] : []));
  const proved = provedCatalog(graph, revision, (id) => proofs.get(id) ?? proof(id));
  return { proved, schemas: schemasOf(catalogs) };
}
