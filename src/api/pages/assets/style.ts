/**
 * The style sheet of the dashboard: system fonts, one accent, light and dark, print. Text in a module, so that the compiled
 * program carries it.
 *
 * Text keeps a contrast of 4.5 : 1 or more on its ground in both themes. Providers' colours stay apart for every common kind
 * of colour blindness, and no colour is the only sign of anything. Spacing comes in steps of 4 px.
 *
 * Imports ./style_parts.ts.
 *
 * @module
 */

import { CHARTS, CONVERSATION, PRINT } from "./style_parts.ts";

const LIGHT = `
  --bg: #f7f7f5; --surface: #ffffff; --sunken: #f0f1ef; --line: #dfe1de; --strong: #b9bdba;
  --text: #1a1d20; --muted: #565d64; --accent: #2b50b8; --accent-soft: #e6ecfb; --on-accent: #ffffff;
  --warn: #7d4500; --warn-soft: #fdf1dc; --bad: #a8231b; --bad-soft: #fbe9e7; --good: #106239; --good-soft: #e3f3ea;
  --anthropic: #c2571a; --openai: #0b7d64; --gemini: #3a66cc; --xai: #94407f; --other: #6a727b;
  --k-input: #2f6cb5; --k-cache-read: #79b4e3; --k-cache-write: #c49a12; --k-output: #b84a1b; --k-thinking: #7a3a72;
  --shadow: 0 1px 2px rgb(20 25 30 / .05);`;

const DARK = `
  --bg: #111315; --surface: #181b1e; --sunken: #22262a; --line: #2c3136; --strong: #4a525a;
  --text: #e6e8e9; --muted: #a3abb2; --accent: #92b2ff; --accent-soft: #1f2b47; --on-accent: #0e1526;
  --warn: #f0bb6d; --warn-soft: #2c2313; --bad: #ff9c92; --bad-soft: #331b19; --good: #74d3a0; --good-soft: #15291f;
  --anthropic: #ee935c; --openai: #41bf9d; --gemini: #7fa8ff; --xai: #d88fc8; --other: #9aa3ac;
  --k-input: #6ba7ea; --k-cache-read: #355f8a; --k-cache-write: #e0bd4c; --k-output: #ee935c; --k-thinking: #cb8fc2;
  --shadow: none;`;

const BASE = `
:root { color-scheme: light; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; ${DARK} } }
:root[data-theme="light"] { color-scheme: light; ${LIGHT} }
:root[data-theme="dark"] { color-scheme: dark; ${DARK} }
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  "Noto Sans", sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
h1, h2, h3, p, dl, dd, ul, ol, figure, table, pre { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: 22px; line-height: 1.25; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { font-size: 14px; line-height: 1.4; font-weight: 650; }
h3 { font-size: 13px; font-weight: 650; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; text-underline-offset: 3px; }
main p a, .notice a { text-decoration: underline; text-underline-offset: 3px; text-decoration-color: var(--strong); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, pre, kbd, .mono { font-family: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  font-size: 12.5px; }
code { background: var(--sunken); padding: 1px 5px; border-radius: 4px; overflow-wrap: anywhere; }
bdi { unicode-bidi: isolate; }
[hidden] { display: none !important; }
@media (scripting: none) { .needs-script { display: none; } }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 8px; top: -60px; z-index: 3; background: var(--accent); color: var(--on-accent);
  padding: 8px 16px; border-radius: 6px; }
.skip:focus { top: 8px; }
.muted { color: var(--muted); }
.small { font-size: 12.5px; }
.right { text-align: right; }
.nowrap { white-space: nowrap; }
.anywhere { overflow-wrap: anywhere; }
.pico { color: var(--muted); }
.unknown { color: var(--muted); font-style: italic; }
.bad-text { color: var(--bad); }
.warn-text { color: var(--warn); }
.good-text { color: var(--good); }`;

const FRAME = `
.top { background: var(--surface); border-bottom: 1px solid var(--line); }
.top-in { max-width: 1440px; margin: 0 auto; padding: 0 24px; display: flex; flex-wrap: wrap; align-items: center;
  column-gap: 28px; }
.brand { display: flex; align-items: center; gap: 8px; padding: 12px 0; color: var(--text); font-weight: 650;
  letter-spacing: -.01em; }
.brand:hover { text-decoration: none; }
.brand svg { width: 18px; height: 18px; fill: var(--accent); }
.nav { flex: 1; }
.nav ul { display: flex; flex-wrap: wrap; column-gap: 2px; }
.nav a { display: block; padding: 13px 10px 11px; color: var(--muted); border-bottom: 2px solid transparent; }
.nav a:hover { color: var(--text); text-decoration: none; }
.nav a[aria-current] { color: var(--text); border-bottom-color: var(--accent); font-weight: 600; }
.state { display: flex; align-items: center; gap: 16px; color: var(--muted); font-size: 12.5px; }
.dot { display: inline-block; width: 8px; height: 8px; border-radius: 50%; background: var(--strong); margin-right: 6px; }
.dot.on { background: var(--good); }
.dot.off { background: var(--bad); }
main { display: block; max-width: 1440px; margin: 0 auto; padding: 28px 24px 40px; }
main:focus { outline: none; }
.foot { max-width: 1440px; margin: 0 auto; padding: 16px 24px 32px; color: var(--muted); font-size: 12.5px; }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 16px; margin-bottom: 20px; }
.head .sub { color: var(--muted); }
.head .tools { margin-left: auto; display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.crumb { font-size: 12.5px; color: var(--muted); margin-bottom: 4px; }
.banner { background: var(--warn-soft); color: var(--warn); border-bottom: 1px solid var(--line); }
.banner p { max-width: 1440px; margin: 0 auto; padding: 8px 24px; }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(12, minmax(0, 1fr)); }
.grid > * { grid-column: span 12; min-width: 0; }
@media (min-width: 760px) { .grid > .w3 { grid-column: span 6; } }
@media (min-width: 1040px) { .grid > .w3 { grid-column: span 3; } .grid > .w4 { grid-column: span 4; }
  .grid > .w5 { grid-column: span 5; } .grid > .w6 { grid-column: span 6; } .grid > .w7 { grid-column: span 7; } .grid > .w8 { grid-column: span 8; } }
@media (min-width: 600px) and (max-width: 1039px) { .grid > .third { grid-column: span 4; } }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 16px 20px;
  box-shadow: var(--shadow); }
.card > h2, .card > header { margin-bottom: 12px; }
.card > header { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: baseline; }
.card > header > *, .crumb, .sub { min-width: 0; overflow-wrap: anywhere; }
.card > header .more { margin-left: auto; font-size: 12.5px; }

.card > footer { margin-top: 12px; color: var(--muted); font-size: 12.5px; }
.card.flush { padding: 0; overflow: hidden; }
.card.flush > header, .card.flush > h2 { padding: 14px 20px 0; }
.card.flush > footer { padding: 0 20px 14px; }
.stack > * + * { margin-top: 16px; }
.fill-card { display: flex; flex-direction: column; }
.fill-card > .plot { flex: 1; grid-template-rows: minmax(240px, 1fr) auto; }
.fill-card > .plot svg { height: 100%; min-height: 240px; }
.after-grid { margin-top: 16px; }
.table-note { margin-top: 12px; }
@media (min-width: 1040px) { .grid > .w9 { grid-column: span 9; } }`;

const CONTROLS = `
button, .button, select, input { font: inherit; color: inherit; }
button, .button { display: inline-block; background: var(--surface); border: 1px solid var(--strong); border-radius: 6px;
  padding: 5px 12px; cursor: pointer; color: var(--text); }
button:hover, .button:hover { border-color: var(--accent); color: var(--accent); text-decoration: none; }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.plain { border-color: transparent; background: none; padding: 5px 8px; color: var(--muted); }
input, select { background: var(--surface); border: 1px solid var(--strong); border-radius: 6px; padding: 5px 10px;
  min-width: 0; height: 34px; max-width: 100%; }
input::placeholder { color: var(--muted); opacity: 1; }
label { color: var(--muted); font-size: 12.5px; }
.filters button, .filters .button { height: 34px; }
.filters { display: flex; flex-wrap: wrap; gap: 12px; align-items: end; margin-bottom: 16px; }
.filters .field { display: flex; flex-direction: column; gap: 3px; min-width: 0; }
.filters select { max-width: 260px; }
.filters .wide { flex: 1 1 180px; }
.filters .wide input { width: 100%; }
.seg { display: inline-flex; flex-wrap: wrap; border: 1px solid var(--strong); border-radius: 6px; overflow: hidden; }
.seg a, .seg button { display: block; padding: 5px 12px; color: var(--muted); border: 0; border-radius: 0;
  border-right: 1px solid var(--line); background: var(--surface); }
.seg > :last-child, .seg > :last-child button { border-right: 0; }
.seg a:hover { color: var(--text); text-decoration: none; }
.seg a[aria-current], .seg button[aria-pressed="true"] { background: var(--accent-soft); color: var(--accent);
  font-weight: 600; }
.seg :focus-visible { outline-offset: -2px; }
.tag { display: inline-block; padding: 0 7px; border-radius: 999px; font-size: 12px; line-height: 19px;
  background: var(--sunken); color: var(--muted); white-space: nowrap; }
.tag.ok { background: var(--good-soft); color: var(--good); }
.tag.warn { background: var(--warn-soft); color: var(--warn); }
.tag.bad { background: var(--bad-soft); color: var(--bad); }
.notice { border: 1px solid var(--line); border-left: 3px solid var(--warn); border-radius: 8px; padding: 10px 16px;
  background: var(--surface); }
.notice.bad { border-left-color: var(--bad); }
.notice.info { border-left-color: var(--accent); }
.empty { padding: 36px 20px; text-align: center; color: var(--muted); }
.empty h2 { color: var(--text); margin-bottom: 6px; font-size: 15px; }
.empty pre { display: inline-block; text-align: left; margin-top: 14px; max-width: 100%; }
pre.command { background: var(--sunken); border-radius: 6px; padding: 8px 14px; overflow-x: auto; color: var(--text); }`;

const TABLES = `
.scroll { overflow-x: auto; position: relative; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; }
th { font-weight: 500; color: var(--muted); text-align: left; font-size: 12.5px; white-space: nowrap; }
td, th { padding: 7px 12px; border-bottom: 1px solid var(--line); vertical-align: baseline; }
td:first-child, th:first-child { padding-left: 20px; }
td:last-child, th:last-child { padding-right: 20px; }
tbody tr:last-child > * { border-bottom: 0; }
tbody th { font-weight: 500; color: var(--text); font-size: 14px; white-space: normal; min-width: 12ch;
  overflow-wrap: anywhere; }
tfoot > tr > * { border-top: 1px solid var(--strong); border-bottom: 0; font-weight: 650; color: var(--text); }
tbody tr:hover > * { background: color-mix(in srgb, var(--sunken) 45%, transparent); }
.num { text-align: right; white-space: nowrap; }
td.num a, th.num a { color: inherit; }
td a.quiet, .quiet { color: inherit; }
.clip { max-width: 24ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
td.bar { width: 18%; min-width: 80px; }
table.plain-table td:first-child, table.plain-table th:first-child { padding-left: 0; }
table.plain-table td:last-child, table.plain-table th:last-child { padding-right: 0; }
.plain-table td, .plain-table th { padding-top: 5px; padding-bottom: 5px; }
@media (max-width: 700px) { .opt { display: none; } td, th { padding-left: 8px; padding-right: 8px; }
  td:first-child, th:first-child { padding-left: 16px; } td:last-child, th:last-child { padding-right: 16px; } }
@media (max-width: 1100px) { .opt2 { display: none; } }
@media (max-width: 700px) {
  .calls, .calls tbody { display: block; }
  .calls thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .calls tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 12px; padding: 8px 16px;
    border-bottom: 1px solid var(--line); }
  .calls tbody tr:last-child { border-bottom: 0; }
  .calls tbody tr > * { padding: 0; border: 0; background: none; }
  .calls .opt, .calls .opt2 { display: none; }
  .calls .c-model { grid-area: 1 / 1; max-width: none; } .calls .c-cost { grid-area: 1 / 2; }
  .calls .c-when { grid-area: 2 / 1; font-size: 12.5px; } .calls .c-state { grid-area: 2 / 2; text-align: right; }
}
.facts-pair { display: grid; gap: 6px 32px; }
@media (min-width: 1300px) { .facts-pair { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
.facts { display: grid; align-content: start; grid-template-columns: minmax(90px, max-content) minmax(0, 1fr); gap: 6px 20px; }
.facts dt { color: var(--muted); }
.facts dd { overflow-wrap: anywhere; }
.big { font-size: 28px; line-height: 1.15; font-weight: 650; letter-spacing: -.02em; }
main .big a, main .mid a { color: inherit; text-decoration: none; }
main .big a:hover, main .mid a:hover { text-decoration: underline; text-decoration-thickness: 2px; }
.mid { font-size: 18px; font-weight: 650; letter-spacing: -.01em; }
.delta { font-size: 12.5px; color: var(--muted); margin-top: 4px; }
.split { display: flex; flex-wrap: wrap; gap: 2px 16px; justify-content: space-between; margin-top: 8px; }
.figures { display: flex; flex-wrap: wrap; gap: 12px 36px; }
.figures dt { color: var(--muted); font-size: 12.5px; }
.list > li { padding: 8px 0; border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 2px 12px;
  align-items: baseline; }
.list > li:last-child { border-bottom: 0; padding-bottom: 0; }
.list > li:first-child { padding-top: 0; }
.list .push { margin-left: auto; text-align: right; }
.list > li > div { flex: 1 1 100%; min-width: 0; }
.list .tag { white-space: normal; }
.list pre.command { margin-top: 6px; }
.pager { display: flex; gap: 12px; padding: 12px 20px; border-top: 1px solid var(--line); align-items: baseline; }
.pager .push { margin-left: auto; }
.counter-groups { margin-top: 10px; columns: 2 220px; column-gap: 40px; }
.counter-group { break-inside: avoid; }
.counters { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 16px; margin-bottom: 12px; }
.counters dd { text-align: right; }
.counters dt { color: var(--muted); }
.counters .warn-text { font-weight: 650; }
.counter-group > h3 { margin: 0 0 4px; text-transform: capitalize; }
.hosts { margin: 4px 0 10px; }
.bodies { margin-top: 16px; }
.needs-script { margin-top: 10px; }
@media (max-width: 700px) { main { padding: 20px 16px 32px; } .top-in { padding: 0 16px; column-gap: 12px; }
  .nav { order: 3; flex-basis: 100%; } .nav ul { margin: 0 -5px; column-gap: 0; justify-content: space-between; } .nav a { padding: 6px 5px 8px; font-size: 12.5px; }
  .state { margin-left: auto; } .banner p, .foot { padding-left: 16px; padding-right: 16px; }
  .card { padding: 14px 16px; } .card.flush > header, .card.flush > h2 { padding: 12px 16px 0; }
  .head .tools { margin-left: 0; } .pager { padding: 12px 16px; } }`;

/** `/assets/app.css`. */
export const STYLE: string = [BASE, FRAME, CONTROLS, TABLES, CHARTS, CONVERSATION, PRINT].join("\n");
