import { revisionGraph, type RevisionGraph } from "../../../decisions/database/revisionGraph";

/** A graph by what each revision names as the ones before it: `{ a: [], b: ["a"] }`. */
export const graphOf = (parents: Record<string, string[]>): RevisionGraph =>
  revisionGraph(Object.entries(parents).map(([revision, before]) => ({ revision, parents: before })));
