/**
 * Parts of the style sheet: charts, conversations, print. See ./style.ts, which owns the colours.
 *
 * @module
 */

/** Server-made SVG, and what stands around it. */
export const CHARTS = `
.p-anthropic { --series: var(--anthropic); } .p-openai { --series: var(--openai); }
.p-gemini { --series: var(--gemini); } .p-xai { --series: var(--xai); } .p-other { --series: var(--other); }
.k-input { --series: var(--k-input); } .k-cache-read { --series: var(--k-cache-read); }
.k-cache-write { --series: var(--k-cache-write); } .k-output { --series: var(--k-output); }
.k-thinking { --series: var(--k-thinking); }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; background: var(--series);
  margin-right: 6px; vertical-align: baseline; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 12.5px; color: var(--muted); margin-top: 10px; }
.legend b { color: var(--text); font-weight: 600; }
.plot { display: grid; grid-template-columns: auto minmax(0, 1fr); column-gap: 10px; }
.plot .y { display: flex; flex-direction: column-reverse; justify-content: space-between; text-align: right;
  color: var(--muted); font-size: 11.5px; line-height: 0; padding: 1px 0; }
.plot .x { grid-column: 2; display: flex; justify-content: space-between; color: var(--muted); font-size: 11.5px;
  margin-top: 6px; }
.plot svg { display: block; width: 100%; height: 240px; overflow: visible; }
.plot .gridline { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.plot .area { fill: var(--series); stroke: var(--surface); stroke-width: 1; vector-effect: non-scaling-stroke; }
.plot .hit { fill: transparent; }
.plot a:hover .hit { fill: color-mix(in srgb, var(--text) 10%, transparent); }
.bar svg, .segments { display: block; width: 100%; }
.bar svg { height: 8px; border-radius: 2px; }
.bar .fill, .segments rect { fill: var(--series, var(--accent)); }
.bar .fill { fill: var(--series, var(--strong)); }
.segments { height: 18px; border-radius: 4px; margin-bottom: 8px; }
.segments .gap { fill: var(--surface); }
.spark { display: block; width: 100%; height: 32px; margin-top: 12px; }
.spark rect { fill: var(--accent); }
.spark rect.past { fill: var(--strong); }
.gauge { display: block; width: 100%; height: 8px; border-radius: 4px; margin-top: 4px; }
.gauge .track { fill: var(--sunken); } .gauge .level { fill: var(--accent); }
.gauge .level.high { fill: var(--warn); } .gauge .level.full { fill: var(--bad); }
.timeline { display: block; width: 100%; height: 12px; margin-top: 12px; border-radius: 3px; }
.timeline .wait { fill: var(--strong); } .timeline .flow { fill: var(--accent); }
details > summary { cursor: pointer; color: var(--muted); font-size: 12.5px; padding: 4px 0; }
details > summary:hover { color: var(--text); }`;

/** One call's bodies. */
export const CONVERSATION = `
.turn { border-top: 1px solid var(--line); padding: 12px 0; display: grid; grid-template-columns: 96px minmax(0, 1fr);
  gap: 4px 16px; }
.turn:first-child { border-top: 0; padding-top: 0; }
.turn > .who { color: var(--muted); font-size: 12.5px; font-weight: 600; }
.turn.assistant > .who { color: var(--accent); }
.turn, .body-facts { overflow-wrap: anywhere; }
.turn .parts > * + * { margin-top: 10px; }
@media (max-width: 700px) { .turn { grid-template-columns: minmax(0, 1fr); } }
.said { white-space: pre-wrap; overflow-wrap: anywhere; max-width: 92ch; unicode-bidi: plaintext; }
.long { max-height: 420px; overflow: auto; border: 1px solid var(--line); border-radius: 6px; padding: 10px 14px; }
.thought { border-left: 2px solid var(--k-thinking); padding-left: 12px; color: var(--muted); }
.tool-box { border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.tool-box > .cap { background: var(--sunken); padding: 4px 12px; font-size: 12.5px; color: var(--muted); }
.tool-box > pre { padding: 10px 12px; max-height: 320px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.media { display: inline-block; max-width: 100%; border: 1px dashed var(--strong); border-radius: 6px; padding: 8px 14px;
  color: var(--muted); }
mark.redacted { background: var(--warn-soft); color: var(--warn); border-radius: 3px; padding: 0 4px;
  box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--warn) 40%, transparent); }
.control { background: var(--bad-soft); color: var(--bad); border-radius: 3px; padding: 0 3px; font-size: 11px;
  font-family: ui-monospace, Menlo, Consolas, monospace; }
pre.raw { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 560px; overflow: auto; background: var(--sunken);
  border-radius: 6px; padding: 12px 14px; margin-top: 8px; }
.cut { color: var(--warn); margin-bottom: 8px; }
.body-facts { margin-bottom: 12px; }
.notice + .segments { margin-top: 12px; }`;

/** Paper: no navigation, no ground, nothing cut off. */
export const PRINT = `
.print-only { display: none; }
@page { margin: 16mm 14mm 18mm; }
@media print {
  :root, :root[data-theme] { color-scheme: light; --bg: #fff; --surface: #fff; --sunken: #f3f3f3; --line: #ccc;
    --strong: #999; --text: #000; --muted: #444; --accent: #1a3a8f; --warn: #6b3b00; --bad: #8f1b15; --shadow: none;
    --anthropic: #c2571a; --openai: #0b7d64; --gemini: #3a66cc; --xai: #94407f; --other: #6a727b; }
  body { font-size: 10.5pt; }
  .top, .foot, .banner, .skip, .filters, .tools, .pager, .no-print, details > summary { display: none !important; }
  .print-only { display: block; }
  main { max-width: none; padding: 0; }
  .card { border: 0; border-radius: 0; padding: 0; box-shadow: none; margin-bottom: 14pt; }
  .card.flush > header, .card.flush > h2 { padding: 0; }
  .scroll, .long, pre.raw, .tool-box > pre { overflow: visible; max-height: none; }
  .opt, .opt2 { display: table-cell; }
  td:first-child, th:first-child { padding-left: 0; } td:last-child, th:last-child { padding-right: 0; }
  td, th { padding-top: 3pt; padding-bottom: 3pt; }
  thead { display: table-header-group; }
  tr, .figures, .plot { break-inside: avoid; }
  h1, h2 { break-after: avoid; }
  a { color: inherit; text-decoration: none !important; }
  .grid { display: block; }
  .area, .swatch, .fill { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}`;
