import type { CertificateRecord } from '../daemon/types.ts';
import type { PageCertificate } from './model.ts';
import type { Fragment } from './template.ts';
import { nothingView } from './view-nothing.ts';
import type { View } from './view-page.ts';
import { brief, byName, channelName, commonName, count, date, daysUntil } from './words.ts';

/** Days at which an expiry is worth a look, and at which it is an incident: those of the rules. */
const SOON = 20;
const URGENT = 7;

/** One certificate, with all places where it was seen. */
interface Row {
  readonly record: PageCertificate;
  readonly days: number;
  readonly places: readonly string[];
}

const ROLES: Readonly<Record<CertificateRecord['role'], string>> = {
  leaf: 'server',
  ca: 'CA',
  client: 'client',
  keystore: 'keystore',
  truststore: 'truststore',
};

export function certificateRows(records: readonly PageCertificate[], now: string): readonly Row[] {
  const groups = new Map<string, PageCertificate[]>();
  for (const record of records) {
    if (record.goneAt !== undefined) continue;
    const key = `${record.certificate.sha256} ${record.role} ${record.source}`;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return [...groups.values()]
    .map((those) => ({
      record: those[0]!,
      days: daysUntil(those[0]!.certificate.notAfter, now),
      places: placesOf(those),
    }))
    .sort((a, b) => (Number.isNaN(a.days) ? -1 : Number.isNaN(b.days) ? 1 : a.days - b.days));
}

/** `TM data tm-1, tm-2`: members by channel; files by their names. */
function placesOf(records: readonly PageCertificate[]): readonly string[] {
  const members = new Map<string, Set<string>>();
  for (const { channel, member, endpoint, path } of records) {
    const place = path === undefined ? channelName(channel) : path.slice(path.lastIndexOf('/') + 1);
    const there = members.get(place) ?? new Set();
    const name = member ?? (path === undefined ? endpoint?.host : undefined);
    members.set(place, name === undefined ? there : there.add(name));
  }
  return [...members].map(([place, names]) => `${place} ${[...names].sort(byName).join(', ')}`.trim());
}

/** The certificate that ends first: `82 d`, and whose it is. */
export function soonest({ model, now }: View): { readonly days: string; readonly name: string } | undefined {
  const [first] = certificateRows(model.certificates, now).filter(({ days }) => !Number.isNaN(days));
  return first && { days: `${first.days} d`, name: commonName(first.record.certificate.subject) };
}

export function certificatesView(view: View): Fragment {
  const { html, model, now } = view;
  const rows = certificateRows(model.certificates, now);
  return html`<section aria-labelledby="certificates">
    <h2 id="certificates">Certificates ${model.problem === undefined ? html`<span class="dim">${count(rows.length)}</span>` : ''}</h2>
    ${
      rows.length === 0
        ? nothingView(view, 'No certificate was seen.')
        : html`<div class="scroll" tabindex="0" role="region" aria-labelledby="certificates"><table class="data certificates">
            <thead><tr><th scope="col" class="number">Days</th><th scope="col">${axis(view, rows)}</th><th scope="col">Subject</th>
              <th scope="col">Role</th><th scope="col">Where</th><th scope="col">Serial</th><th scope="col">Not after</th></tr></thead>
            <tbody>${rows.map((row) => rowView(view, row, rows))}</tbody>
          </table></div>`
    }
    ${model.leftOut.certificates === 0 ? '' : html`<p class="dim">${count(model.leftOut.certificates)} more by the API.</p>`}
  </section>`;
}

const WIDTH = 240;
const PLACES = 3;

/** Days to a place on the line: logarithmic, so that a week and two years have their room. */
function scale(rows: readonly Row[]): (days: number) => number {
  const most = Math.log1p(Math.max(500, ...rows.map(({ days }) => (Number.isNaN(days) ? 0 : days))));
  return (days) => Math.round((Math.log1p(Math.max(0, days)) / most) * (WIDTH - 2));
}

function axis({ html, svg }: View, rows: readonly Row[]): Fragment {
  const place = scale(rows);
  const ticks = [
    [URGENT, '7 d'],
    [SOON, '20 d'],
    [90, '90 d'],
    [365, '1 y'],
  ] as const;
  return html`<svg class="axis" viewBox="0 0 ${WIDTH} 14" width="${WIDTH}" height="14" role="img" aria-label="Days left, with thresholds at 7 and 20 days">${ticks.map(
    ([days, text]) => svg`<text x="${Math.min(place(days), WIDTH - 9)}" y="11" text-anchor="middle">${text}</text>`,
  )}</svg>`;
}

function rowView(view: View, { record, days, places }: Row, rows: readonly Row[]): Fragment {
  const { html } = view;
  const { certificate, role, source } = record;
  const tone = days < URGENT ? 'fail' : days < SOON ? 'warn' : 'calm';
  const left = places.length - PLACES;
  return html`<tr class="${tone}">
    <td class="number days">${Number.isNaN(days) ? '?' : count(days)}${tone === 'calm' ? '' : html`<span class="quiet">, ${days < 0 ? 'expired' : 'soon'}</span>`}</td>
    <td>${bar(view, days, rows)}</td>
    <td><span class="subject" title="${certificate.subject}">${commonName(certificate.subject)}</span></td>
    <td>${ROLES[role]} <span class="dim">${source === 'disk' ? 'on disk' : role === 'client' ? 'shown' : 'served'}</span></td>
    <td title="${places.join('; ')}">${places.slice(0, PLACES).join('; ')}${left > 0 ? ` and ${left} more` : ''}</td>
    <td><code title="${certificate.serialNumber}">${brief(certificate.serialNumber)}</code></td>
    <td><time datetime="${certificate.notAfter}" title="${certificate.notAfter}">${date(certificate.notAfter)}</time></td>
  </tr>`;
}

function bar({ html }: View, days: number, rows: readonly Row[]): Fragment {
  const place = scale(rows);
  return html`<svg class="span" viewBox="0 0 ${WIDTH} 14" width="${WIDTH}" height="14" aria-hidden="true" focusable="false"><rect class="track" x="0" y="6.5" width="${WIDTH}" height="1" /><rect class="left" x="0" y="5" width="${place(days) || 0}" height="4" rx="2" /><rect class="tick urgent" x="${place(URGENT)}" y="1" width="1" height="12" /><rect class="tick" x="${place(SOON)}" y="1" width="1" height="12" /></svg>`;
}
