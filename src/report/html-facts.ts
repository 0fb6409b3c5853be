import type { Report } from '../model/report.ts';
import { TAGS } from '../web/html-text.ts';
import { verdictMark, WITNESSES } from '../web/shapes.ts';
import type { Fragment } from '../web/template.ts';
import { endpointRows, placeOf } from './endpoint-rows.ts';
import { markOf, word } from './html-words.ts';
import { inputText, qualityTexts } from './input-texts.ts';
import { printable } from './printable.ts';
import { promiseCells } from './promise-rows.ts';
import type { FailOn } from './severity.ts';
import { shortTime } from './time.ts';
import { waiverTexts } from './waiver-lines.ts';

const { html } = TAGS;
type Cell = string | Fragment;

interface Judged {
  readonly failOn: FailOn;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Tables are as wide as they are: on small screens they are scrolled, by keyboard too. */
function table(id: string, title: string, columns: readonly string[], rows: readonly (readonly Cell[])[]): Fragment {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="${id}"><table>
<thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((cells) => html`<tr>${cells.map((one) => html`<td>${typeof one === 'string' ? printable(one) : one}</td>`)}</tr>\n`)}</tbody></table></div></section>`;
}

/** What listens, with its result; what was asked for and not seen, too. */
export function endpointsView(report: Report, { failOn, now }: Judged): Fragment {
  const rows = endpointRows(report, { failOn, now, suites: 'short' });
  const columns = ['Result', 'Channel', 'Endpoint', 'TLS', 'Client certificate', 'Served certificate', 'Expires'];
  if (rows.length === 0)
    return html`<section aria-labelledby="endpoints"><h2 id="endpoints">Endpoints</h2><p>No endpoint of a channel was seen: nothing is known to be in order.</p></section>`;
  return table(
    'endpoints',
    'Endpoints',
    [...columns, 'Connections'],
    rows.map((row) => [
      html`${word(markOf(row.result), row.result)}${row.severity === undefined ? '' : html` <span class="severity ${row.severity}">${row.severity}</span>`}`,
      html`<span class="name">${row.channel}</span>`,
      html`<span class="whole">${printable(row.endpoint)}</span>`,
      html`<span class="whole">${printable(row.tls)}</span>`,
      row.clientCertificate,
      row.servedCertificate,
      row.expires,
      row.connections,
    ]),
  );
}

/** What the configurations promise; of an audit, which sees no endpoint. */
export function promisesView(report: Report): Fragment {
  const rows = promiseCells(report);
  if (rows.length === 0)
    return html`<section aria-labelledby="promises"><h2 id="promises">Promises</h2><p>No configuration promises anything of a channel.</p></section>`;
  return table(
    'promises',
    'What the configurations promise',
    ['Result', 'Channel', 'Member', 'TLS', 'Client certificate', 'Versions', 'Because'],
    rows.map(([channel = '', member = '', result = '', ...rest]) => [
      word(markOf(result.replace(/ .*/, '')), result),
      html`<span class="name">${channel}</span>`,
      member,
      ...rest,
    ]),
  );
}

export function comparisonView({ comparison }: Report): Fragment | '' {
  if (comparison === undefined) return '';
  const { path, finishedAt, verdict } = comparison.baseline;
  const changed = comparison.endpoints.map(({ channel, endpoint, change, process, certificate, details }) => {
    const what = [`process ${process}`, `certificate ${certificate}`, ...details].join('; ');
    return [change, '', channel, placeOf(endpoint), what];
  });
  const fixed = comparison.fixed.map(({ ruleId, title, channel, endpoint }) => {
    const place = endpoint === undefined ? '' : placeOf(endpoint);
    return ['fixed', `${ruleId}: ${title}`, channel, place, ''];
  });
  const title = printable(`Since ${path}, ${shortTime(finishedAt)}, ${verdict.toUpperCase()}`);
  return table('comparison', title, ['Change', 'Finding', 'Channel', 'Endpoint', 'What'], [...changed, ...fixed]);
}

/** Every channel, those that nobody saw too: they are neither in order nor not. */
export function coverageView({ coverage }: Report): Fragment | '' {
  if (coverage.length === 0) return '';
  return table(
    'coverage',
    'Coverage',
    ['Channel', 'Member', 'Verdict', 'Expected', 'Seen', ...WITNESSES],
    coverage.map(({ channel, member = '', verdict, expected, expectedEndpoints, seenEndpoints, witnesses, says }) => [
      channel,
      member,
      word(verdictMark(verdict), `${verdict}${expected === true && verdict === 'not-seen' ? ' (asked for)' : ''}`),
      String(expectedEndpoints),
      String(seenEndpoints),
      ...WITNESSES.map((one) => says?.[one] ?? (witnesses.includes(one) ? 'heard' : 'not-heard')),
    ]),
  );
}

/** What was read and asked, what was wrong with it, and by what it was judged. */
export function inputsView({ inputs, policy, waivers = [], summary }: Report): Fragment {
  const rows = inputs.map((input) => [
    input.kind,
    inputText(input),
    [
      ...qualityTexts(input),
      ...(input.problems ?? []).map(({ file, line, message }) => `${file}:${line}: ${message}`),
    ].join('; '),
  ]);
  const facts = [
    ...(policy === undefined
      ? []
      : [`policy ${policy.name}: ${policy.met} met, ${policy.notMet} not met, ${policy.notJudged} not judged`]),
    ...waiverTexts(waivers).map((text) => `waivers: ${text}`),
    ...(summary === undefined
      ? []
      : [`${summary.connections} connections, ${summary.tlsBytes} bytes in TLS, ${summary.clearBytes} bytes in clear`]),
  ];
  return html`${rows.length === 0 ? '' : table('inputs', 'Inputs', ['Kind', 'What', 'Problems'], rows)}
${facts.length === 0 ? '' : html`<ul class="facts">${facts.map((text) => html`<li>${printable(text)}</li>`)}</ul>`}`;
}
