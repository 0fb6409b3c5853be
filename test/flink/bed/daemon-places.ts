import { CHANNELS } from '../../../src/model/channel.ts';
import { channelName } from '../../../src/web/words.ts';

/** Where a daemon's finding can be seen. `live-page`: the page that a browser keeps open and never loads again. */
export const PLACES = ['websocket', 'page', 'live-page', 'metrics', 'alertmanager'] as const;
export type Place = (typeof PLACES)[number];

/** A finding that is open, as a place tells it. */
export interface Told {
  readonly rule: string;
  /** Empty where the place does not say. */
  readonly channel: string;
  readonly member: string;
  /** Settings that mend it, `key: value` lines. */
  readonly fix: string;
  /** Witnesses that are against it; of the WebSocket. */
  readonly witnesses?: readonly string[];
}

/** What a place told from a moment on. */
export interface Sighting {
  readonly place: Place;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly open: readonly Told[];
}

const LINK = /<a ([^>]*\bdata-finding\b[^>]*)>/g;
const COMMENT = /<!--[\s\S]*?-->/g;
const IDS: ReadonlyMap<string, string> = new Map(CHANNELS.map((id) => [channelName(id), id]));

/** Fingerprints of the findings that the page lists, as the server writes it and as lit does. */
export function pageFindings(html: string): readonly string[] {
  const links = [...html.replace(COMMENT, '').matchAll(LINK)];
  return [...new Set(links.flatMap(([, attributes = '']) => /\bfinding=([0-9a-f]+)/.exec(attributes)?.[1] ?? []))];
}

/** The finding that the page shows beside its list. Comments are marks that lit leaves. */
export function pageDetail(html: string): Told {
  const plain = html.replace(COMMENT, '');
  const rule = /<p class="kicker">[\s\S]*?<code>([\w-]+)<\/code>/.exec(plain)?.[1] ?? '';
  const fix = /aria-label="Settings to put in"[^>]*><code>([\s\S]*?)<\/code>/.exec(plain)?.[1] ?? '';
  const place = unescaped(/<p class="place">([\s\S]*?)<\/p>/.exec(plain)?.[1]?.trim() ?? '').split(' · ');
  const channel = IDS.get(place[0] ?? '');
  const member = place[channel === undefined ? 0 : 1] ?? '';
  return { rule, channel: channel ?? 'unknown', member, fix: unescaped(fix.trim()) };
}

function unescaped(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

const SAMPLE = /^(\w+)\{(.*)\} (\S+)$/gm;
/** The series that names a member; stands for a rule. */
const CLEAR_SERIES = 'flinkprobe_plaintext_accepted';
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Rules that fail, and channels that take clear text, by the names of the exposition format. */
export function metricsTold(text: string): readonly Told[] {
  return [...text.matchAll(SAMPLE)].flatMap(([, name, written = '', value]): Told[] => {
    if (Number(value) === 0) return [];
    const labels = Object.fromEntries([...written.matchAll(LABEL)].map(([, key, text]) => [key, text]));
    if (name === 'flinkprobe_check_status' && labels.status === 'fail')
      return [{ rule: labels.check ?? '', channel: '', member: '', fix: '' }];
    if (name !== CLEAR_SERIES) return [];
    return [{ rule: CLEAR_SERIES, channel: labels.channel ?? '', member: labels.member ?? '', fix: '' }];
  });
}

interface ShownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly status: { readonly state: string };
}

/** Answer of Alertmanager's `GET /api/v2/alerts`, which lists what has not ended. */
export function alertsTold(alerts: readonly ShownAlert[]): readonly Told[] {
  return alerts
    .filter(({ labels }) => labels.alertname === 'FlinkprobeFinding')
    .map(({ labels, annotations }) => ({
      ...{ rule: labels.rule ?? '', channel: labels.channel ?? '', member: labels.member ?? '' },
      fix: annotations.fix ?? '',
    }));
}

/** A TaskManager that is registered no more, as a happening tells. */
export const MEMBER_GONE = 'member-gone';

interface HappeningEvent {
  readonly event: 'happening';
  readonly data: { readonly kind: string; readonly member?: string };
}

interface FindingEvent {
  readonly event: 'finding';
  readonly data: {
    readonly kind: string;
    readonly finding: {
      readonly fingerprint: string;
      readonly ruleId: string;
      readonly verdict: string;
      readonly channel: string;
      readonly endpoint?: { readonly host: string; readonly member?: string };
      readonly remediation: { readonly settings: Readonly<Record<string, unknown>> };
      readonly witnesses: Readonly<Record<string, string>>;
    };
  };
}

/** Applies one event of `/api/v1/live` to what is open, by fingerprint. What could not be decided is no fault. */
export function eventTold(open: Map<string, Told>, one: FindingEvent | HappeningEvent | { readonly event: '' }): void {
  if (one.event === 'happening') happened(open, one.data);
  if (one.event !== 'finding') return;
  const { data } = one;
  const { finding } = data;
  if (data.kind === 'resolved' || finding.verdict !== 'fail') {
    open.delete(finding.fingerprint);
    return;
  }
  open.set(finding.fingerprint, {
    rule: finding.ruleId,
    channel: finding.channel,
    member: finding.endpoint?.member ?? finding.endpoint?.host ?? '',
    fix: Object.entries(finding.remediation.settings)
      .map(([key, value]) => `${key}: ${value}`)
      .join('\n'),
    witnesses: Object.entries(finding.witnesses).flatMap(([name, word]) => (word === 'fail' ? [name] : [])),
  });
}

function happened(open: Map<string, Told>, { kind, member = '' }: HappeningEvent['data']): void {
  const key = `${MEMBER_GONE} ${member}`;
  if (kind === MEMBER_GONE) open.set(key, { rule: MEMBER_GONE, channel: '', member, fix: '' });
  else if (kind === 'member-back' || kind === 'restart') open.delete(key);
}
