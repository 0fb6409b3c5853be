import type { FindingRecord } from '../daemon/types.ts';
import type { Finding } from '../model/report.ts';
import { placeOf, shownOf, yamlOf } from './findings-list.ts';
import { servedWords } from './grid.ts';
import { incidentText } from './incident.ts';
import type { PageFinding } from './model.ts';
import { type CellPlace, pageAddress, withDetail } from './query.ts';
import { findingMark, sign, verdictMark, WITNESSES } from './shapes.ts';
import type { Fragment } from './template.ts';
import { nothingView } from './view-nothing.ts';
import type { View } from './view-page.ts';
import { ago, brief, channelName, date, daysUntil, moment, plural } from './words.ts';

export function detailView(view: View): Fragment {
  const { html, query } = view;
  const record = shownOf(view.model.findings, query);
  const content =
    query.cell !== undefined
      ? cellDetail(view, query.cell)
      : record !== undefined
        ? findingDetail(view, record)
        : html`<h2 id="detail-name" class="quiet">Detail</h2>${nothingView(view, query.finding === undefined ? 'Nothing to show.' : 'This finding is no longer kept.')}`;
  return html`<section id="detail" class="detail ${query.cell === undefined && record === undefined ? 'blank' : ''}" tabindex="-1" aria-labelledby="detail-name"><p class="back"><a href="#findings">Back to the list</a></p>${content}</section>`;
}

function findingDetail(view: View, record: PageFinding): Fragment {
  const { html } = view;
  const { finding } = record;
  return html`<p class="kicker">${sign(view, findingMark(record, view.model.cluster?.failOn))} <b class="severity ${finding.severity}">${finding.severity}</b> <code>${finding.ruleId}</code></p>
    <h2 id="detail-name">${finding.title}</h2>
    <p class="place">${placeOf(record)}</p>
    ${record.texts === 'elsewhere' ? html`<p class="dim">loading…</p>` : textsView(view, record)}`;
}

function textsView(view: View, record: PageFinding): Fragment {
  const { html } = view;
  const { finding } = record;
  const link = pageAddress(withDetail(view.query, { finding: finding.fingerprint }));
  return html`<p class="script-only"><button type="button" class="button incident" data-incident="${incidentText(view.model, record)}" data-link="${link}">Copy for the incident</button></p>
    <p>${finding.message}</p>
    <dl class="versus">
      <div><dt>Expected</dt><dd>${finding.expected}</dd></div>
      <div class="observed"><dt>Observed</dt><dd>${finding.observed}</dd></div>
    </dl>
    ${waivedView(view, finding)}
    ${fixView(view, finding)}
    ${evidenceView(view, finding)}
    ${witnessesView(view, finding)}
    ${lifeView(view, record)}
    ${referencesView(view, finding)}`;
}

function waivedView({ html }: View, { waived }: Finding): Fragment | '' {
  if (waived === null) return '';
  return html`<p class="note"><b>Waived</b> until ${date(waived.until)} by ${waived.owner}: ${waived.reason} <span class="dim">(${waived.id})</span></p>`;
}

function fixView({ html }: View, { remediation: { text, settings, command } }: Finding): Fragment {
  const yaml = yamlOf(settings);
  return html`<h3>Fix</h3><p>${text}</p>
    ${yaml === '' ? '' : html`<div class="code"><pre tabindex="0" aria-label="Settings to put in"><code>${yaml}</code></pre><button type="button" class="button copy" data-copy="${yaml}" aria-label="Copy the settings">Copy</button></div>`}
    ${command === null ? '' : html`<div class="code"><pre tabindex="0" aria-label="Command"><code>${command}</code></pre><button type="button" class="button copy" data-copy="${command}" aria-label="Copy the command">Copy</button></div>`}`;
}

/** What more there is stands in the report. */
const MAX_EVIDENCE = 12;

function evidenceView({ html }: View, { evidence }: Finding): Fragment | '' {
  if (evidence.length === 0) return '';
  const left = evidence.length - MAX_EVIDENCE;
  return html`<h3>Evidence</h3><ul class="evidence">
    ${evidence
      .slice(0, MAX_EVIDENCE)
      .map(
        ({ text, frame, streamOffset, file }) =>
          html`<li>${text}${frame === undefined ? '' : html` <span class="dim">frame ${frame}${streamOffset === undefined ? '' : `, offset ${streamOffset}`}</span>`}${file === undefined || text.includes(file) ? '' : html` <code class="dim">${baseName(file)}</code>`}</li>`,
      )}
    ${left <= 0 ? '' : html`<li class="dim">${left} more in the report</li>`}</ul>`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const SAYS = { pass: 'fine', fail: 'against it', inconclusive: 'unsure', 'not-heard': 'not heard' } as const;

function witnessesView(view: View, { witnesses }: Finding): Fragment {
  const { html } = view;
  return html`<h3>Witnesses</h3><dl class="witnesses">${WITNESSES.map(
    (one) => html`<div class="${verdictMark(witnesses[one])}"><dt>${one}</dt><dd>${SAYS[witnesses[one]]}</dd></div>`,
  )}</dl>`;
}

function lifeView({ html, now }: View, record: FindingRecord): Fragment {
  const { firstSeenAt, lastSeenAt, resolvedAt, openings, lastRun } = record;
  const time = (at: string): Fragment =>
    html`<time datetime="${at}" title="${at}">${moment(at, now)}</time> <span class="dim">${ago(at, now)}</span>`;
  return html`<dl class="facts">
    <div><dt>First seen</dt><dd>${time(firstSeenAt)}</dd></div>
    <div><dt>Last seen</dt><dd>${time(lastSeenAt)} <a href="/api/v1/runs/${encodeURIComponent(lastRun)}/report?format=text">report</a></dd></div>
    ${resolvedAt === undefined ? '' : html`<div><dt>Resolved</dt><dd>${time(resolvedAt)}</dd></div>`}
${openings > 1 ? html`<div><dt>Opened</dt><dd>${plural(openings, 'time')}</dd></div>` : ''}
  </dl>`;
}

function referencesView({ html }: View, { references }: Finding): Fragment | '' {
  if (references.length === 0) return '';
  return html`<h3>References</h3><ul class="references">${references.map((one) =>
    /^https:\/\/[^\s"<>]+$/.test(one)
      ? html`<li><a href="${one}" rel="noreferrer">${one.replace(/^https:\/\/(?:www\.)?/, '')}</a></li>`
      : html`<li>${one}</li>`,
  )}</ul>`;
}

function cellDetail(view: View, place: CellPlace): Fragment {
  const { html, model, query, now } = view;
  const cells = model.cells.filter((one) => one.channel === place.channel && one.member === place.member);
  const prints = new Set(cells.flatMap(({ findings }) => findings));
  const there = model.findings.filter(({ finding }) => prints.has(finding.fingerprint));
  return html`<p class="kicker">${cells.map((cell) => sign(view, cell.verdict))}</p>
    <h2 id="detail-name">${channelName(place.channel)}, ${place.member === '' ? 'any member' : place.member}</h2>
    ${cells.length === 0 ? html`<p class="empty">The last run did not see it.</p>` : ''}
    ${cells.map(
      (cell) => html`<dl class="facts">
        ${cell.endpoint === undefined ? '' : html`<div><dt>Endpoint</dt><dd><code>${cell.endpoint.host}:${cell.endpoint.port}</code></dd></div>`}
        <div><dt>Serves</dt><dd>${servedWords(cell) || 'nothing that was seen'}</dd></div>
        ${cell.certificate === undefined ? '' : html`<div><dt>Certificate</dt><dd><code title="${cell.certificate}">${brief(cell.certificate, 20)}</code></dd></div>`}
        ${cell.notAfter === undefined ? '' : html`<div><dt>Expires</dt><dd>${date(cell.notAfter)} <span class="dim">${daysUntil(cell.notAfter, now)} d</span></dd></div>`}
      </dl>`,
    )}
    ${
      there.length === 0
        ? html`<p class="dim">No finding.</p>`
        : html`<h3>Findings</h3><ul class="plain">${there.map(
            (record) => html`<li>${sign(view, findingMark(record, view.model.cluster?.failOn))}
              <a href="${pageAddress(withDetail(query, { finding: record.finding.fingerprint }))}#detail" data-go>${record.finding.title}</a></li>`,
          )}</ul>`
    }`;
}
