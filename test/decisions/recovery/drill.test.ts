import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DatabaseState,
  expectedMarkers,
  judgeDrill,
  type Marker,
  markerSlack,
} from "../../../decisions/recovery/drill";

const start = Date.UTC(2026, 10, 24);
const iso = (offset: number): string => new Date(start + offset).toISOString();

/** A live database at a target, with the markers of some drills before and after. */
const world = fc
  .record({
    offsets: fc.uniqueArray(fc.integer({ min: -1e9, max: 1e9 }), { maxLength: 12 }),
    tables: fc.uniqueArray(
      fc.record({
        name: fc.stringMatching(/^public\.[a-z]{1,8}$/),
        rows: fc.nat(),
        checksum: fc.bigInt().map(String),
      }),
      { minLength: 1, maxLength: 6, selector: ({ name }) => name },
    ),
    revision: fc.stringMatching(/^[a-z0-9]{8}$/),
    fingerprint: fc.stringMatching(/^[a-f0-9]{64}$/),
  })
  .map(({ offsets, ...state }) => {
    const markers: Marker[] = [
      { id: "own-before", at: iso(-1) },
      { id: "own-after", at: iso(1) },
      ...offsets.map((offset, n) => ({ id: `other-${n}`, at: iso(offset) })),
    ];
    const own = { before: "own-before", after: "own-after" };
    const restored: DatabaseState = {
      ...state,
      markers: markers.filter(({ at }) => Date.parse(at) <= start),
    };
    return { markers, own, state, restored };
  });

const judged = ({
  markers,
  own,
  state,
  restored,
}: {
  markers: Marker[];
  own?: { before: string; after: string };
  state?: Omit<DatabaseState, "markers">;
  restored: DatabaseState;
}) => judgeDrill({ markers: expectedMarkers(markers, iso(0), own), ...(state ? { state } : {}) }, restored);
const failing = (findings: ReturnType<typeof judgeDrill>) =>
  findings.filter(({ ok }) => !ok).map(({ check }) => check);

describe("a drill", () => {
  it("passes when exactly the target's state came back", () => {
    fc.assert(
      fc.property(world, (given) => {
        expect(failing(judged(given))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it("fails for each single difference, and names it", () => {
    const differences: [string, (restored: DatabaseState) => DatabaseState][] = [
      ["markers", (was) => ({ ...was, markers: [...was.markers, { id: "own-after", at: iso(1) }] })],
      ["markers", (was) => ({ ...was, markers: was.markers.filter(({ id }) => id !== "own-before") })],
      ["revision", (was) => ({ ...was, revision: `${was.revision}x` })],
      [
        "schema",
        (was) => ({ ...was, fingerprint: was.fingerprint.replace(/^./, (c) => (c === "0" ? "1" : "0")) }),
      ],
      ["tables", (was) => ({ ...was, tables: was.tables.slice(1) })],
      [
        "tables",
        (was) => ({ ...was, tables: [...was.tables, { name: "public.more_of_it", rows: 0, checksum: "0" }] }),
      ],
      [
        "tables",
        (was) => ({ ...was, tables: was.tables.map((t, n) => (n === 0 ? { ...t, rows: t.rows + 1 } : t)) }),
      ],
      [
        "tables",
        (was) => ({
          ...was,
          tables: was.tables.map((t, n) => (n === 0 ? { ...t, checksum: `${t.checksum}1` } : t)),
        }),
      ],
    ];
    fc.assert(
      fc.property(world, fc.constantFrom(...differences), (given, [check, change]) => {
        expect(failing(judged({ ...given, restored: change(given.restored) }))).toEqual([check]);
      }),
      { numRuns: 4000 },
    );
  });

  it("of the past is not passed without a marker on both sides", () => {
    const restored = { revision: "", fingerprint: "", tables: [], markers: [] };
    const before = [{ id: "a", at: iso(-markerSlack - 1) }];
    const after = [{ id: "b", at: iso(markerSlack + 1) }];
    expect(failing(judged({ markers: [], restored }))).toEqual(["markers"]);
    expect(failing(judged({ markers: before, restored: { ...restored, markers: before } }))).toEqual([
      "markers",
    ]);
    expect(failing(judged({ markers: after, restored }))).toEqual(["markers"]);
    expect(
      failing(judged({ markers: [...before, ...after], restored: { ...restored, markers: before } })),
    ).toEqual([]);
  });

  it("does not count a marker so near that its commit may lie on either side", () => {
    const near = { id: "near", at: iso(markerSlack) };
    expect(expectedMarkers([near], iso(0))).toEqual({ present: [], absent: [] });
  });

  it("is not passed where no table was compared", () => {
    const state = { revision: "", fingerprint: "", tables: [] };
    const markers = [{ id: "own-before", at: iso(-1) }];
    const findings = judgeDrill(
      { markers: { present: ["own-before"], absent: ["own-after"] }, state },
      { ...state, markers },
    );
    expect(failing(findings)).toEqual(["tables"]);
  });
});
