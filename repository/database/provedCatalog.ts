import type { Settings } from "../../decisions/stack/config";
import { provedCatalog, schemasOf, type ProvedCatalog } from "../../decisions/database/catalog";
import { evidenceSettings } from "../approval/evidence";
import { readRevisionFiles } from "./revisionFiles";
import { readRevisionProof } from "./revisions";

/** The catalog that the proofs say a database at `revision` has, and the schemas in which any revision has anything. */
export function readProvedCatalog(
  root: string,
  settings: Settings,
  revision: string,
): { proved: ProvedCatalog; schemas: string[] } {
  const { files, graph } = readRevisionFiles(root);
  const wanted = evidenceSettings(settings);
  const proofs = new Map([...files.keys()].map((id) => [id, readRevisionProof(root, files, id, wanted)]));
  const proved = provedCatalog(
    graph,
    revision,
    (id) => proofs.get(id) ?? readRevisionProof(root, files, id, wanted),
  );
  const catalogs = [...proofs.values()].flatMap((proof) => (proof.ok ? [proof.details.catalog] : []));
  return { proved, schemas: schemasOf(catalogs) };
}
