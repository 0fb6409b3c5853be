import type { WireStatus } from '../daemon/types.ts';
import type { Coverage, Endpoint } from '../model/report.ts';
import type { SeenConnection, Traffic } from './model.ts';
import { verdictMark, WITNESSES } from './shapes.ts';
import type { Fragment } from './template.ts';
import { LATE_MS } from './troubles.ts';
import { nothingView } from './view-nothing.ts';
import type { View } from './view-page.ts';
import { ago, bytes, channelName, count, date, moment, plural, span } from './words.ts';

/** The wire as it is watched, or else what the last run found in captures. */
export function wireView(view: View): Fragment {
  const { html, model } = view;
  const wire = model.cluster?.wire;
  return html`<section aria-labelledby="wire" class="wire">
    <h2 id="wire">Wire</h2>
    ${
      wire !== undefined
        ? watched(view, wire)
        : model.traffic === undefined
          ? html`<p class="empty">No capture runs for this cluster.</p>`
          : html`<p class="dim">Of the captures that the last run read.</p>${share(view, model.traffic)}
              <dl class="facts">${shareFacts(view, model.traffic)}
                <div class="${model.traffic.drops > 0 ? 'bad' : ''}"><dt>Dropped</dt><dd>${count(model.traffic.drops)}</dd></div>
                <div class="${model.traffic.gaps > 0 ? 'bad' : ''}"><dt>Holes</dt><dd>${count(model.traffic.gaps)}</dd></div></dl>`
    }
    ${
      model.clear.length === 0
        ? ''
        : html`<h3>Clear transfers</h3><ol class="happenings">${model.clear.map(
            (
              one,
            ) => html`<li><time datetime="${one.seenAt ?? one.at}" title="${one.seenAt ?? one.at}">${moment(one.seenAt ?? one.at, view.now)}</time>
              <span><b>${one.kind}</b> ${channelName(one.channel)}, ${placed(one.server)}, ${bytes(one.bytes)} <span class="dim">frame ${one.frame}</span></span></li>`,
          )}</ol>`
    }
    ${
      model.connections.length === 0
        ? ''
        : html`<details class="more"><summary>Newest connections</summary><ol class="happenings">${model.connections.map(
            (
              one,
            ) => html`<li><time datetime="${one.seenAt}" title="${one.seenAt}">${moment(one.seenAt, view.now)}</time>
              <span><b class="${one.kind === 'plaintext' ? 'late' : ''}">${spoken(one)}</b> ${channelName(one.channel)}, ${one.client === undefined ? '' : `${placed(one.client)} → `}${placed(one.server)}</span></li>`,
          )}</ol></details>`
    }
  </section>`;
}

function spoken({ kind, version }: SeenConnection): string {
  return kind === 'plaintext' ? 'clear text' : (version ?? 'TLS, no version seen');
}

function placed({ member, host, port }: Endpoint): string {
  return member ?? `${host}:${port}`;
}

function watched(view: View, wire: WireStatus): Fragment {
  const { html, now } = view;
  return html`<p class="${wire.state === 'running' ? 'dim' : 'note'}">${wire.state}${wire.problem === undefined ? '' : `: ${wire.problem}`}, ${wire.interfaces.join(', ')}, since ${moment(wire.since, now)}</p>
    ${share(view, wire)}
    <dl class="facts">${shareFacts(view, wire)}
      <div><dt>Packets</dt><dd>${count(wire.packets)}</dd></div>
      <div class="${wire.drops > 0 ? 'bad' : ''}"><dt>Dropped</dt><dd>${count(wire.drops)}</dd></div>
    </dl>`;
}

const WIDTH = 400;

/** Bytes in clear against bytes in TLS. */
function share({ html }: View, { clearBytes, tlsBytes }: Traffic | WireStatus): Fragment {
  const all = clearBytes + tlsBytes;
  const clear = all === 0 ? 0 : Math.max(clearBytes > 0 ? 3 : 0, Math.round((clearBytes / all) * WIDTH));
  return html`<svg class="share" viewBox="0 0 ${WIDTH} 8" preserveAspectRatio="none" role="img" aria-label="${bytes(clearBytes)} in clear, ${bytes(tlsBytes)} in TLS"><rect class="tls" x="0" y="0" width="${all === 0 ? 0 : WIDTH}" height="8" /><rect class="clear" x="0" y="0" width="${clear}" height="8" /></svg>`;
}

function shareFacts({ html }: View, { clearBytes, tlsBytes, connections }: Traffic | WireStatus): Fragment {
  return html`<div class="${clearBytes > 0 ? 'bad' : ''}"><dt>In clear</dt><dd>${bytes(clearBytes)}</dd></div>
    <div><dt>In TLS</dt><dd>${bytes(tlsBytes)}</dd></div><div><dt>Connections</dt><dd>${count(connections)}</dd></div>`;
}

/** Which witnesses were not heard: what the verdicts above do not rest on. */
export function coverageView(view: View): Fragment {
  const { html, model } = view;
  const all = model.coverage.filter(({ verdict }) => verdict !== 'not-applicable');
  const rows = all.filter(isHeard);
  const silent = all.filter((row) => !isHeard(row));
  return html`<section aria-labelledby="coverage">
    <h2 id="coverage">Coverage</h2>
    ${
      all.length === 0
        ? nothingView(view, 'Nothing was looked at yet.')
        : html`<div class="scroll" tabindex="0" role="region" aria-labelledby="coverage"><table class="data coverage">
            <thead><tr><th scope="col">Channel</th>${WITNESSES.map((one) => html`<th scope="col">${one}</th>`)}<th scope="col" class="number">Seen</th></tr></thead>
            <tbody>${rows.map((row) => coverageRow(view, row))}</tbody></table></div>
          ${silent.length === 0 ? '' : html`<p class="caption">Heard by nobody: ${silent.map(({ channel, member }) => [channelName(channel), member].filter(Boolean).join(' ')).join(', ')}.</p>`}`
    }
  </section>`;
}

function isHeard({ witnesses, says, seenEndpoints }: Coverage): boolean {
  return (
    seenEndpoints > 0 || witnesses.length > 0 || WITNESSES.some((one) => (says?.[one] ?? 'not-heard') !== 'not-heard')
  );
}

/** A witness speaks against a channel, and somebody answers for it until a day. */
function isWaived({ model }: View, { channel, member }: Coverage, witness: (typeof WITNESSES)[number]): boolean {
  return model.findings.some(
    ({ finding, resolvedAt }) =>
      resolvedAt === undefined &&
      finding.waived !== null &&
      finding.channel === channel &&
      (member === undefined || finding.endpoint?.member === member) &&
      finding.witnesses[witness] === 'fail',
  );
}

function coverageRow(view: View, row: Coverage): Fragment {
  const { html } = view;
  return html`<tr><th scope="row">${channelName(row.channel)}${row.member === undefined ? '' : html` <span class="dim">${row.member}</span>`}</th>
    ${WITNESSES.map((one) => {
      const said = row.says?.[one] ?? (row.witnesses.includes(one) ? 'pass' : 'not-heard');
      return html`<td class="${verdictMark(said)}">${said === 'not-heard' ? html`<span class="dim">not heard</span>` : said === 'pass' && isWaived(view, row, one) ? 'waived' : heardWord(said)}</td>`;
    })}
    <td class="number">${row.seenEndpoints}${row.expectedEndpoints > 0 && row.seenEndpoints <= row.expectedEndpoints ? ` of ${row.expectedEndpoints}` : ''}</td></tr>`;
}

function heardWord(said: 'pass' | 'fail' | 'inconclusive'): string {
  return { pass: 'fine', fail: 'fails', inconclusive: 'unsure' }[said];
}

export function waiversView(view: View): Fragment {
  const { html, model } = view;
  return html`<section aria-labelledby="waivers">
    <h2 id="waivers">Waivers</h2>
    ${
      model.waivers.length === 0
        ? html`<p class="empty">Nothing is waived.</p>`
        : html`<ul class="waivers">${model.waivers.map(
            (
              one,
            ) => html`<li class="${one.state}"><b>${one.id}</b> <span class="${one.state === 'active' ? 'dim' : 'late'}">${one.state}, until ${date(one.until)}</span>
              <span class="under">${one.reason} <span class="dim">— ${one.owner}</span></span>
              <span class="under dim">${Object.entries(one.scope)
                .map(([key, value]) => `${key} ${value}`)
                .join(
                  ', ',
                )}${one.matched === 0 ? ' matches nothing' : ` matches ${plural(one.matched, 'finding')}`}</span></li>`,
          )}</ul>`
    }
  </section>`;
}

/** How it stands with the daemon itself. */
export function selfView({ html, model, now }: View): Fragment {
  const { status } = model;
  const { configuration, lastReload, store, eventLoopLagMs: lag, outbox } = status;
  const late = status.clusters.filter(({ lateMs }) => lateMs > 0);
  const missed = status.clusters.reduce((sum, { missedRuns }) => sum + missedRuns, 0);
  const most = Math.max(0, ...late.map(({ lateMs }) => lateMs));
  const fact = (name: string, value: string | Fragment, tone = ''): Fragment =>
    html`<div class="${tone}"><dt>${name}</dt><dd>${value}</dd></div>`;
  return html`<footer class="self"><h2 class="quiet">This daemon</h2><dl class="facts row">
    ${fact('Version', status.version)}
    ${fact('Up', html`<time datetime="${status.startedAt}" title="${status.startedAt}">${span(Date.parse(now) - Date.parse(status.startedAt))}</time>`)}
    ${fact('Configuration', configuration === undefined ? 'embedded default' : html`<code title="${configuration.path}, SHA-256 ${configuration.sha256}">${configuration.sha256.slice(0, 12)}</code>`)}
    ${fact('Reload', html`${lastReload.ok ? 'ok' : (lastReload.problem ?? 'failed')} <span class="dim">${ago(lastReload.at, now)}</span>`, lastReload.ok ? '' : 'bad')}
    ${fact('Schedule', most === 0 && missed === 0 ? 'kept' : `${span(most)} late, ${plural(missed, 'run')} missed`, most > LATE_MS ? 'bad' : '')}
    ${fact('Event loop lag', `${lag.p50.toFixed(0)} ms, p99 ${lag.p99.toFixed(0)} ms`, lag.p99 > 1000 ? 'bad' : '')}
    ${fact('Store', store.state === 'open' ? bytes(store.bytes) : `${store.problem ?? 'failing'}`, store.state === 'open' ? '' : 'bad')}
    ${fact('Outbox', outbox === 0 ? 'empty' : plural(outbox, 'message'))}
    ${fact('Clusters', count(status.clusters.length))}
    ${fact('Times', 'all in UTC')}
  </dl></footer>`;
}
