import type { SinkSettings } from '../settings.ts';
import type { Told } from './alert.ts';
import { post } from './http-post.ts';
import type { Notification } from './message.ts';
import type { Outcome } from './outcome.ts';
import { cut } from './shorten.ts';
import type { SinkMeans } from './sink.ts';

type Slack = Extract<SinkSettings, { readonly type: 'slack' }>;

/** By Slack's reference of blocks: characters of a header and of a section. */
const HEADER_MOST = 150;
const SECTION_MOST = 3000;
/** Findings that are shown; a message may have 50 blocks, and nobody reads that many. */
const SHOWN = 15;

type Text = { readonly type: 'plain_text'; readonly text: string } | { readonly type: 'mrkdwn'; readonly text: string };
export interface SlackBlock {
  readonly type: 'header' | 'section' | 'context';
  readonly text?: Text;
  readonly elements?: readonly Text[];
}

/** `text` is what notifications of the desktop and readers of screens get. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
}

export function slackMessage({ cluster, alerts }: Notification): SlackMessage {
  const firing = alerts.filter(({ status }) => status === 'firing').length;
  const resolved = alerts.length - firing;
  const counts = [...(firing > 0 ? [`${firing} open`] : []), ...(resolved > 0 ? [`${resolved} resolved`] : [])].join(
    ', ',
  );
  const title = cluster === '' ? `flinkprobe: ${counts}` : `${cluster}: ${counts}`;
  const [first] = alerts;
  return {
    text: escaped(`${title}${first === undefined ? '' : ` (${first.annotations.summary ?? ''})`}`),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(title, HEADER_MOST) } },
      ...alerts.slice(0, SHOWN).map((one) => section(one)),
      ...(alerts.length > SHOWN
        ? [
            {
              type: 'context' as const,
              elements: [{ type: 'mrkdwn' as const, text: `and ${alerts.length - SHOWN} more` }],
            },
          ]
        : []),
    ],
  };
}

function section({ status, reason, severity, annotations, labels }: Told): SlackBlock {
  const word = status === 'resolved' ? (reason === 'waived' ? 'WAIVED' : 'RESOLVED') : severity.toUpperCase();
  const told = reason === 'reminder' ? ' (still open)' : reason === 'worsened' ? ' (worse)' : '';
  const lines = [
    `*${word}*${told} ${escaped(annotations.summary ?? '')}`,
    ...(status === 'resolved' || annotations.observed === undefined
      ? []
      : [`expected ${escaped(annotations.expected ?? '')}; observed ${escaped(annotations.observed)}`]),
    ...(status === 'resolved' || annotations.runbook === undefined ? [] : [escaped(annotations.runbook)]),
    ...(labels.rule === undefined ? [] : [`\`${escaped(labels.rule)}\``]),
  ];
  return { type: 'section', text: { type: 'mrkdwn', text: cut(lines.join('\n'), SECTION_MOST) } };
}

/** Of mrkdwn; names that come from the wire must not become mentions or links. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The address of an incoming webhook is its secret. */
export function toSlack(sink: Slack, notification: Notification, { readSecret, signal }: SinkMeans): Promise<Outcome> {
  const url = readSecret(sink.url);
  const body = slackMessage(notification);
  return post({ url, body, timeoutMs: sink.timeoutMs, signal, secrets: [url, pathOf(url)] });
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : '';
}
