import type { Observation } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { channelRemedy } from './support/channel-remedy.ts';
import { answersInBoth, isServedInClear, isServedInTls, oneSidedConnection } from './support/clear.ts';
import { protectionOf } from './support/protection.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { connections, count, digits, distinct, evidenceOf, originOf } from './support/text.ts';

/**
 * A channel that Flink can protect is served in clear.
 *
 * Only clear text that the server took part in counts; a clear request that met a TLS port is the business of
 * `mixed-tls-and-clear`. A configuration that switches TLS off is told as the cause and excuses nothing: only a policy
 * that allows clear text does.
 */
export const rule: EndpointRule = {
  id: 'plaintext-channel',
  scope: 'endpoint',
  title: 'Channel in clear where TLS is expected',
  severity: 'critical',
  promise: 'tls',
  rationale:
    "Whoever can read or change packets on the way reads records, state, jobs and results, and can take part: Flink's internal channels deserialize Java objects, and REST accepts jobs, so that clear text is also code execution for whoever sits in the middle.",
  decides:
    'Counts connections in which the server took part in clear text: it answered in kind, the connection went on in clear, or a probe had its clear request answered. A clear request that a TLS port refused and a redirect to https do not count.',
  verdicts: {
    pass: 'TLS was seen, and no clear text',
    fail: 'the server speaks clear text where TLS is expected',
    inconclusive: 'neither TLS nor clear text was served to anybody that was seen',
    'not-applicable': 'the channel has no TLS of its own and nobody demands it, or a policy allows clear text',
  },
  remediation: remedy(
    'Switch TLS on for the channel on every process and restart them together (flinkprobe explain CHANNEL lists all keys that it needs).',
    {
      'security.ssl.internal.enabled': 'true',
      'security.ssl.rest.enabled': 'true',
    },
  ),
  references: [SECURITY_SSL_PAGE, 'https://www.rfc-editor.org/rfc/rfc9325#section-3.2'],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    const protection = protectionOf(subject, context);
    if (protection !== 'internal' && protection !== 'rest' && subject.expectation?.tls !== 'required') return false;
    const { expectation } = subject;
    return expectation?.tls !== 'impossible' && !(expectation?.basis === 'policy' && expectation.tls !== 'required');
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const clear = subject.observations.filter(isServedInClear);
    if (clear.length === 0) {
      const sawTls = subject.observations.some((one) => one.kind === 'tls' && one.tls?.version !== undefined);
      return [sawTls ? { verdict: 'pass' } : nothingServed(subject, context)];
    }
    const probe = subject.probe ?? context.probes.get(subject.channel);
    return [
      {
        verdict: 'fail',
        message:
          `${probe?.title ?? subject.channel} ${clear.every(answersInBoth) ? 'answers in clear on the port that speaks TLS' : 'speaks in clear'}. ${probe?.carries ?? ''}`.trim(),
        expected: expectedText(subject),
        observed: observedText(clear, subject),
        evidence: mostTellingFirst(clear).map((one) => evidenceOf(one, clearText(one), { words: askWords(one) })),
        remediation: channelRemedy(subject, context, rule.remediation),
      },
    ];
  },
};

/**
 * Requests that nobody served: neither TLS nor clear text was seen. Silent where another rule tells these connections:
 * `mixed-tls-and-clear`, `capture-not-good-enough`, or nothing was asked at all.
 */
function nothingServed(subject: EndpointSubject, context: RuleContext): Judgement {
  const asked = subject.observations.filter((one) => one.answer !== undefined);
  const isTold = (one: Observation): boolean =>
    one.kind === 'undecided' || oneSidedConnection(one, subject, context) !== undefined;
  if (asked.length === 0 || subject.observations.some(isTold)) return { verdict: 'inconclusive' };
  return {
    verdict: 'inconclusive',
    severity: 'info',
    message: 'Whether it serves TLS or clear text was not seen: no request was answered in kind.',
    expected: expectedText(subject),
    observed: `${count(connections(asked), 'connection')} without an answer; ${asked[0]!.answer!.text}`,
    evidence: asked.map((one) => evidenceOf(one, one.answer!.text)),
    remediation: remedy(
      'Capture while a client of the cluster connects to it, or ask the endpoint (flinkprobe verify).',
    ),
  };
}

function expectedText({ expectation }: EndpointSubject): string {
  const mutual = expectation?.clientAuthentication === 'required' ? ' with client certificates' : '';
  if (expectation === undefined || expectation.tls === 'required') {
    return `TLS 1.2 or better${mutual} (${originOf(expectation)})`;
  }
  return `TLS 1.2 or better (default policy); the configuration does not ask for it: ${originOf(expectation)}`;
}

function observedText(clear: readonly Observation[], subject: EndpointSubject): string {
  const all = connections(subject.observations.filter((one) => one.kind !== 'undecided'));
  const some = connections(clear);
  const share = some === all ? count(all, 'connection') : `${digits(some)} of ${count(all, 'connection')}`;
  const bytes = clear.reduce((sum, one) => sum + one.bytes.client + one.bytes.server, 0);
  if (clear.every((one) => one.vantage === 'active')) return clear.map(answerText).join('; ');
  const protocols = distinct(clear.map((one) => one.plaintext?.protocol)).join(', ');
  const kinds = distinct(clear.flatMap((one) => (one.plaintext?.stateTransfer ?? []).map(({ kind }) => kind)));
  const carried = kinds.length === 0 ? '' : `, with ${kinds.join(', ')}`;
  const first = clear[0]?.frames === undefined ? '' : `, first in frame ${clear[0].frames.first}`;
  return `${share} in clear (${protocols}), ${digits(bytes)} bytes${carried}${first}${endText(clear, subject)}`;
}

/** Clear text that came to an end while the port was still asked: the process has changed in between. */
function endText(clear: readonly Observation[], subject: EndpointSubject): string {
  const last = clear
    .map((one) => one.lastSeenAt)
    .sort()
    .at(-1)!;
  // A ClientHello that a clear port refuses shows no change.
  const later = subject.observations.filter(
    (one) => one.observedAt > last && (one.kind === 'plaintext' || isServedInTls(one)),
  );
  return later.length === 0 ? '' : `; none after ${last}, though asked ${count(connections(later), 'time')}`;
}

/** Connections that carry something of the user's prove most; among equals the order stays. */
function mostTellingFirst(clear: readonly Observation[]): readonly Observation[] {
  const carries = (one: Observation): number => Number((one.plaintext?.stateTransfer.length ?? 0) > 0);
  return [...clear].sort((a, b) => carries(b) - carries(a));
}

/** What a probe asked in clear, and what came back. */
function answerText(one: Observation): string {
  const { asked, plaintext } = one;
  if (asked?.clear !== undefined) return `${asked.clear.request} was answered: ${asked.clear.text}`;
  const last = asked?.attempts.at(-1);
  const protocol = plaintext?.protocol ?? 'unknown';
  if (last === undefined) return `a clear request was answered (${protocol})`;
  return `${last.purpose} was answered in clear (${protocol}): ${last.result}`;
}

/** A port in clear was asked until it answered: the last connection shows it. */
function askWords({ asked }: Observation): readonly string[] {
  const last = asked?.attempts.at(-1)?.purpose;
  return asked?.clear === undefined ? [last ?? ''] : [asked.clear.request, 'clear'];
}

function clearText(one: Observation): string {
  if (one.vantage === 'active') return answerText(one);
  const kinds = distinct((one.plaintext?.stateTransfer ?? []).map((transfer) => transfer.kind));
  const carried = kinds.length === 0 ? '' : `, carries ${kinds.join(', ')}`;
  const repeats = one.repeats === undefined ? '' : `, and ${count(one.repeats, 'more connection')} like it`;
  return `${one.plaintext?.protocol ?? 'clear text'} in clear, ${digits(one.bytes.client)} + ${digits(one.bytes.server)} bytes${carried}${repeats}`;
}
