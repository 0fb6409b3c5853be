/** The one style of the HTML report. Colours are those of the daemon's page (`web/browser/base.css`). */
export const STYLE: string = `
:root {
  color-scheme: light dark;
  --paper: #f8f7f4; --surface: #fffefb; --ink: #1d1f22; --ink-2: #5a5e66; --line: #e3e0d9; --line-2: #cfcbc1;
  --accent: #1c5a9e; --fail: #ae1f17; --warn: #835400; --unknown: #56468a; --pass: #2b6a4d; --waived: #545b67;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131517; --surface: #1a1c1f; --ink: #e7e5df; --ink-2: #a2a6ae; --line: #2a2d31; --line-2: #42464d;
    --accent: #86b7f3; --fail: #ff9184; --warn: #e6b252; --unknown: #bbacf0; --pass: #7fc6a3; --waived: #a2a9b5;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html {
  background: var(--paper); color: var(--ink);
  font: 15px / 1.5 Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem;
}
body { margin: 0 auto; max-width: 1160px; padding: 28px 28px 40px; overflow-wrap: anywhere; }
h1, h2, h3, h4, p, dl, dd, ul { margin: 0; padding: 0; }
ul { list-style: none; }
h1 { font-size: 34px; line-height: 1.15; letter-spacing: -0.022em; margin-top: 6px; }
h1 .sign { font-size: inherit; letter-spacing: inherit; gap: 12px; }
h1 .shape { width: 26px; height: 26px; }
h2 { font-size: 20px; letter-spacing: -0.01em; margin: 44px 0 12px; }
h3 { font-size: 18px; line-height: 1.3; margin: 6px 0 8px; }
h4 { font-size: 13px; color: var(--ink-2); margin: 18px 0 6px; }
a { color: var(--accent); text-underline-offset: 3px; }
code, pre { font-family: var(--mono); font-size: 0.87em; font-variant-ligatures: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.dim, .kicker, footer { color: var(--ink-2); font-size: 13px; }
.lead { font-size: 18px; margin-top: 6px; }
.incomplete { color: var(--unknown); font-size: 20px; }
.reservations li { margin-top: 10px; padding-left: 12px; border-left: 3px solid var(--unknown); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 500; font-size: 13px; color: var(--ink-2); white-space: nowrap; }
th, td { padding: 7px 16px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child, .name { white-space: nowrap; }
td { min-width: 6.5em; }
.whole { display: inline-block; max-width: 28em; overflow-wrap: break-word; }
.shape { flex: none; width: 14px; height: 14px; fill: currentcolor; vertical-align: -2px; }
.sign { display: inline-flex; align-items: center; gap: 6px; font-size: 12.5px; font-weight: 600; letter-spacing: 0.03em; }
.fail { color: var(--fail); }
.warn { color: var(--warn); }
.inconclusive { color: var(--unknown); }
.pass { color: var(--pass); }
.waived, .not-seen { color: var(--waived); }
.severity { font-weight: 600; font-size: 13px; }
.severity.critical { color: var(--fail); }
.tag { font-size: 12px; font-weight: 600; border: 1px solid var(--line-2); border-radius: 4px; padding: 0 5px; }
article {
  background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 18px 24px 20px;
  margin-top: 16px;
}
article .kicker > * { margin-right: 8px; }
article > .dim:last-child { margin-top: 10px; }
.places { font-family: var(--mono); font-size: 13px; color: var(--ink-2); margin-bottom: 8px; white-space: pre-wrap; }
.variant + .variant { margin-top: 16px; }
.versus { display: grid; grid-template-columns: 1fr 1fr; gap: 24px; margin-top: 12px; padding: 12px 0; border: solid var(--line); border-width: 1px 0; }
.versus dt, .witnesses dt { color: var(--ink-2); font-size: 13px; }
.versus .observed dd { font-weight: 500; }
.note { margin-top: 14px; padding-left: 12px; border-left: 3px solid var(--line-2); }
pre { margin: 10px 0 0; padding: 12px 14px; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; line-height: 1.6; }
.proofs li { padding-left: 16px; text-indent: -16px; margin-bottom: 4px; font-size: 14px; }
.proofs li::before { content: "\\2013"; display: inline-block; width: 16px; text-indent: 0; color: var(--ink-2); }
summary { cursor: pointer; color: var(--ink-2); font-size: 14px; width: max-content; }
.witnesses { display: grid; grid-template-columns: repeat(auto-fit, minmax(110px, 1fr)); gap: 8px 16px; }
.witnesses div { color: inherit; }
.witnesses .fail dd { color: var(--fail); font-weight: 600; }
.facts { margin-top: 12px; font-size: 14px; }
footer { margin-top: 44px; }
@media (max-width: 640px) {
  body { padding: 16px; }
  td { min-width: 11em; }
  td:first-child, td.severity { min-width: 0; }
  .versus { grid-template-columns: 1fr; gap: 12px; }
  article { margin-left: -16px; margin-right: -16px; border-radius: 0; border-width: 1px 0; padding: 16px; }
}
@media (forced-colors: active) { article { border: 1px solid CanvasText; } }
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --surface: #fff; --ink: #000; --ink-2: #444; --line: #bbb; --line-2: #888;
    --accent: #000; --fail: #8c1009; --warn: #6b4500; --unknown: #43356f; --pass: #1f5039; --waived: #444;
  }
  body { max-width: none; padding: 0; font-size: 11px; }
  table { font-size: 11px; }
  td { min-width: 0; }
  th, td { padding-right: 10px; }
  .whole { max-width: 16em; }
  .scroll { overflow: visible; }
  pre { white-space: pre-wrap; overflow: visible; }
  h2, h3, h4, thead, tr, .versus { break-inside: avoid; break-after: auto; }
  h2, h3, h4 { break-after: avoid; }
  details::details-content { content-visibility: visible; }
  summary { display: none; }
}
`;
