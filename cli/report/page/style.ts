/** The page's look: one column, readable on a phone, light or dark as the reader has it. Contrast is 4.5 : 1 or better. */
export const style = `
:root { color-scheme: light dark; --paper: #f4f5f7; --card: #ffffff; --ink: #1b2430; --muted: #55606e; --line: #d9dee4;
  --blue: #2f6fde; --green: #1d9a6c; --bad: #c02a2a; --good: #13724e; --open: #8a5a00; --tint-bad: #fdecec; --tint-good: #e5f5ee; --tint-open: #fdf3df; }
@media (prefers-color-scheme: dark) { :root { --paper: #10151c; --card: #19212b; --ink: #e8edf3; --muted: #a5b1bf; --line: #33404e;
  --blue: #6ea3ff; --green: #45cf9b; --bad: #ff8080; --good: #5fd9a8; --open: #f0bd62; --tint-bad: #3a1d20; --tint-good: #15342a; --tint-open: #382c14; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 20px 16px 48px; }
header { margin-bottom: 16px; }
h1 { font-size: clamp(1.5rem, 5vw, 2.1rem); line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 10px; }
h3 { font-size: 0.95rem; font-weight: 600; margin: 0 0 4px; }
p { margin: 0 0 8px; }
.where, .note, footer { color: var(--muted); font-size: 0.88rem; }
.verdict { display: flex; gap: 12px; align-items: center; flex-wrap: wrap; margin: 12px 0 0; padding: 12px 14px; border-radius: 10px; border-left: 5px solid; }
.verdict p { margin: 0; flex: 1 1 14rem; overflow-wrap: anywhere; }
.verdict strong { font-size: 1.1rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .open { color: var(--open); }
.verdict.good { background: var(--tint-good); } .verdict.bad { background: var(--tint-bad); } .verdict.open { background: var(--tint-open); }
.verdict p { color: var(--ink); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px; margin: 0 0 16px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 10px; margin: 0 0 16px; padding: 0; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 12px 14px; }
.tiles dt { color: var(--muted); font-size: 0.82rem; }
.tiles dd { margin: 0; font-size: 1.45rem; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tiles dd + dd { font-size: 0.8rem; font-weight: 400; color: var(--muted); }
figure { margin: 0 0 18px; }
figure svg { display: block; max-width: 100%; height: auto; }
figcaption { margin-bottom: 2px; }
.narrow { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 12px; padding: 0; list-style: none; font-size: 0.9rem; }
.legend i { display: inline-block; width: 22px; height: 0; border-top: 4px solid; vertical-align: middle; margin-right: 7px; }
.legend .blue { border-color: var(--blue); } .legend .green { border-color: var(--green); border-top-style: dashed; }
.timeline { list-style: none; margin: 0; padding: 0; }
.timeline li { display: grid; grid-template-columns: 5.6rem 1.9rem 1fr; gap: 2px 8px; padding: 8px 0; border-top: 1px solid var(--line); }
.timeline li:first-child { border-top: 0; }
.timeline time { font-variant-numeric: tabular-nums; color: var(--muted); font-size: 0.9rem; }
.timeline b { display: inline-block; min-width: 1.7rem; height: 1.6rem; line-height: 1.5rem; text-align: center; border: 1px solid currentColor; border-radius: 1rem; font-size: 0.8rem; }
.timeline p { margin: 0; overflow-wrap: anywhere; }
.timeline .note { grid-column: 3; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 0.88rem; }
caption { text-align: left; font-weight: 600; padding-bottom: 6px; }
th, td { text-align: left; vertical-align: top; padding: 6px 10px 6px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { border-top: 0; color: var(--muted); font-weight: 600; }
tbody th { font-weight: 500; }
.figures td, .figures th { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; white-space: nowrap; }
.evidence th:nth-child(3) { min-width: 5rem; } .evidence th:nth-child(4) { min-width: 8rem; }
.figures tbody th, .figures thead th:first-child { text-align: left; }
.pairs + .pairs { margin-top: 16px; }
td code, th code { font-size: 0.82rem; }
ins { text-decoration: none; color: var(--good); } del { color: var(--bad); }
summary { cursor: pointer; color: var(--muted); font-size: 0.9rem; }
details[open] summary { margin-bottom: 10px; }
footer { margin-top: 20px; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  main { padding: 14px 10px 40px; } section { padding: 13px 11px; }
  .wide { display: none; } .narrow { display: block; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; } .tiles dd { font-size: 1.2rem; }
  .timeline li { grid-template-columns: 1.9rem 1fr; } .timeline time { grid-column: 1 / 3; } .timeline .note { grid-column: 2; }
  .pairs thead { display: none; } .pairs tr { display: block; border-top: 1px solid var(--line); padding: 7px 0; }
  .pairs td, .pairs th { display: block; border: 0; padding: 1px 0; }
  .pairs td[data-label]::before { content: attr(data-label) " "; color: var(--muted); }
}
@media print { section { break-inside: avoid; } body { background: #fff; } }
`;
