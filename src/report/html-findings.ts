import type { Finding } from '../model/report.ts';
import { TAGS } from '../web/html-text.ts';
import { verdictMark, WITNESSES } from '../web/shapes.ts';
import type { Fragment } from '../web/template.ts';
import {
  type FindingGroup,
  type Judged,
  proof,
  settingLines,
  unique,
  verdictWord,
  whereParts,
} from './finding-text.ts';
import { markOf, word } from './html-words.ts';
import { printable } from './printable.ts';

const { html } = TAGS;

/** One line a finding, linked to all that is known of it. */
export function findingIndex(groups: readonly FindingGroup[], judged: Judged): Fragment | '' {
  if (groups.length === 0) return '';
  return html`<section aria-labelledby="summary"><h2 id="summary">What was found</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="summary"><table>
<thead><tr><th scope="col">Result</th><th scope="col">Severity</th><th scope="col">Finding</th><th scope="col">Where</th></tr></thead>
<tbody>${groups.map((group) => indexRow(group, judged))}</tbody></table></div></section>`;
}

/** Places that a row of the index names. */
const MAX_PLACES = 3;

function indexRow(group: FindingGroup, judged: Judged): Fragment {
  const [finding] = group;
  const places = unique(group.map((one) => whereOf(one, judged)));
  const left = places.length - MAX_PLACES;
  return html`<tr><td>${resultOf(finding, judged)}</td><td class="severity ${finding.severity}">${finding.severity}</td>
<td><a href="#f-${idOf(finding)}">${printable(finding.title)}</a>${changeOf(finding)}</td>
<td>${places.slice(0, MAX_PLACES).map((place) => html`<div>${place}</div>`)}${left > 0 ? html`<div class="dim">and ${left} more</div>` : ''}</td></tr>
`;
}

function resultOf(finding: Finding, { failOn }: Judged): Fragment {
  const said = verdictWord(finding, failOn);
  return word(markOf(said), said);
}

function changeOf({ change }: Finding): Fragment | '' {
  return change === undefined || change === 'unchanged' ? '' : html` <span class="tag">${change}</span>`;
}

/** An anchor out of a fingerprint, which a damaged report may have filled with anything. */
function idOf({ fingerprint }: Finding): string {
  return fingerprint.replace(/[^\w-]/g, '_');
}

/** Findings that share rule, title and cure: where, expected beside observed, proof, fix. */
export function findingView(group: FindingGroup, judged: Judged): Fragment {
  const [first] = group;
  const { severity, ruleId, title, waived, references } = first;
  const id = idOf(first);
  return html`<article aria-labelledby="f-${id}">
<p class="kicker">${resultOf(first, judged)} <b class="severity ${severity}">${severity}</b> <code>${printable(ruleId)}</code>${changeOf(first)}</p>
<h3 id="f-${id}">${printable(title)}</h3>
${variants(group, judged).map(variantView)}
${waived === null ? '' : html`<p class="note"><b>Waived</b> until ${printable(waived.until)} by ${printable(waived.owner)}: ${printable(waived.reason)} <span class="dim">(${printable(waived.id)})</span></p>`}
${fixView(group)}
${proofView(group)}
${witnessesView(first)}
${references.length === 0 ? '' : html`<h4>References</h4><ul>${references.map(referenceView)}</ul>`}
<p class="dim">flinkprobe explain ${printable(ruleId)}</p>
</article>
`;
}

interface Variant {
  readonly finding: Finding;
  readonly places: readonly string[];
}

/** What reads the same stands once, with all places that it is of. */
function variants(group: FindingGroup, judged: Judged): Variant[] {
  const byText = new Map<string, { readonly finding: Finding; readonly places: string[] }>();
  for (const finding of group) {
    const key = JSON.stringify([finding.message, finding.expected, finding.observed]);
    const known = byText.get(key);
    if (known === undefined) byText.set(key, { finding, places: [whereOf(finding, judged)] });
    else known.places.push(whereOf(finding, judged));
  }
  return [...byText.values()];
}

function variantView({ finding: { message, expected, observed }, places }: Variant): Fragment {
  return html`<div class="variant"><ul class="places">${unique(places).map((place) => html`<li>${place}</li>`)}</ul>
${message === '' ? '' : html`<p>${printable(message)}</p>`}
<dl class="versus"><div><dt>Expected</dt><dd>${printable(expected)}</dd></div><div class="observed"><dt>Observed</dt><dd>${printable(observed)}</dd></div></dl></div>`;
}

function whereOf(finding: Finding, { listening }: Judged): string {
  return printable(whereParts(finding, listening).join('  '));
}

function fixView(group: FindingGroup): Fragment | '' {
  const { text, settings } = group[0].remediation;
  const commands = unique(group.flatMap(({ remediation }) => remediation.command ?? []));
  const lines = settingLines(settings);
  if (text === '' && lines.length === 0 && commands.length === 0) return '';
  return html`<h4>Fix</h4>${text === '' ? '' : html`<p>${printable(text)}</p>`}
${lines.length === 0 ? '' : html`<pre tabindex="0" aria-label="Settings to put in">${lines.join('\n')}</pre>`}
${commands.length === 0 ? '' : html`<pre tabindex="0" aria-label="Commands">${commands.map(printable).join('\n')}</pre>`}`;
}

/** What is more is folded, not left out. */
const PROOFS_OPEN = 6;

function proofView(group: FindingGroup): Fragment | '' {
  const proofs = unique(group.flatMap(({ evidence }) => evidence.map((one) => printable(proof(one)))));
  if (proofs.length === 0) return '';
  const list = (texts: readonly string[]): Fragment =>
    html`<ul class="proofs">${texts.map((text) => html`<li>${text}</li>`)}</ul>`;
  const rest = proofs.slice(PROOFS_OPEN);
  return html`<h4>Proof</h4>${list(proofs.slice(0, PROOFS_OPEN))}
${rest.length === 0 ? '' : html`<details><summary>${rest.length} more</summary>${list(rest)}</details>`}`;
}

const SAYS = { pass: 'fine', fail: 'against it', inconclusive: 'unsure', 'not-heard': 'not heard' } as const;

function witnessesView({ witnesses }: Finding): Fragment {
  return html`<h4>Witnesses</h4><dl class="witnesses">${WITNESSES.map(
    (one) => html`<div class="${verdictMark(witnesses[one])}"><dt>${one}</dt><dd>${SAYS[witnesses[one]]}</dd></div>`,
  )}</dl>`;
}

/** Links lead to pages only; a policy of the user's may name anything. */
function referenceView(reference: string): Fragment {
  // RFC 3986 has no other characters than those of ASCII.
  return /^https:\/\/[!#-;=?-~]+$/.test(reference)
    ? html`<li><a href="${reference}" rel="noreferrer noopener">${printable(reference)}</a></li>`
    : html`<li>${printable(reference)}</li>`;
}
