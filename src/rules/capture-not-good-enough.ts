import type { Observation, UndecidedReason } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { protectionOf } from './support/protection.ts';
import { remedy } from './support/remedies.ts';
import { connections, count, digits, distinct, evidenceOf } from './support/text.ts';

const WHY: Readonly<Record<UndecidedReason, string>> = {
  gap: 'packets are missing at its start',
  truncated: 'packets were cut by the snaplen',
  malformed: 'its messages could not be read',
  desynchronised: 'the record framing was lost',
  'one-sided': 'only one direction was captured',
  'unknown-protocol': 'too little was said to tell the protocol',
  contradictory: 'its two sides contradict each other',
};

/**
 * Connections of a Flink channel of which nobody can say whether they are TLS or clear, and TLS whose handshake was
 * not captured. What was decided beside them does not vouch for them: a clear connection may hide here.
 */
export const rule: EndpointRule = {
  id: 'capture-not-good-enough',
  scope: 'endpoint',
  title: 'Capture is not good enough to say',
  severity: 'info',
  rationale:
    'Missing, cut or one-sided packets hide whether a connection is TLS or clear, and which version, suite and certificate it has. What was not seen is not passed.',
  decides:
    "Looks at the captured connections of Flink's channels, and of unknown ones on default ports of Flink: those that carried bytes and cannot be told to be TLS or clear. On internal and REST channels at least one TLS handshake has to be captured to its end.",
  verdicts: {
    pass: 'every connection can be told, and where TLS runs a handshake was captured to its end',
    inconclusive: 'some connections may be TLS or clear, or TLS runs and no handshake was captured to its end',
    'not-applicable': 'nothing was captured there, or it is neither a channel nor a default port of Flink',
  },
  hears: ['wire'],
  remediation: remedy(
    'Capture again: both directions, whole packets (tcpdump -s 0), a larger buffer (-B 65536), and from before the connections begin, since they may last for days (restart a TaskManager).',
  ),
  references: ['tcpdump(8): options -s and -B'],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    return subject.channel !== 'unknown' || isFlinkPort(subject.server.port, context);
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const captured = subject.observations.filter((one) => one.vantage === 'passive');
    if (captured.length === 0) return [{ verdict: 'not-applicable' }];
    const undecided = captured.filter(isWorthTelling);
    if (undecided.length > 0) return [undecidedJudgement(undecided, captured)];
    const tls = captured.filter((one) => one.kind === 'tls' && one.answer === undefined);
    const begun = tls.filter((one) => one.tls?.outcome !== 'refused');
    const protection = protectionOf(subject, context);
    const judged = protection === 'internal' || protection === 'rest';
    if (judged && begun.length > 0 && begun.every((one) => one.tls?.outcome !== 'established')) {
      return [withoutHandshake(begun)];
    }
    return [{ verdict: 'pass' }];
  },
};

function isFlinkPort(port: number, context: RuleContext): boolean {
  return [...context.probes.values()].some((probe) => probe.defaultPorts.includes(port));
}

/** A connection without a byte hides nothing. */
function isWorthTelling(one: Observation): boolean {
  const spoke = one.bytes.client + one.bytes.server > 0;
  return one.kind === 'undecided' && (spoke || (one.quality?.gapBytes ?? 0) > 0);
}

function undecidedJudgement(undecided: readonly Observation[], observations: readonly Observation[]): Judgement {
  const all = connections(observations);
  const some = connections(undecided);
  const why = distinct(undecided.map(whyOf)).join('; ');
  return {
    verdict: 'inconclusive',
    discriminator: 'undecided',
    message: `${digits(some)} of ${count(all, 'connection')} may be TLS or clear: ${why}.`,
    expected: 'connections that can be told',
    observed: `${count(some, 'connection')} undecided: ${why}`,
    evidence: undecided.map((one) => evidenceOf(one, `${whyOf(one)}${qualityText(one)}`)),
  };
}

function whyOf(one: Observation): string {
  return WHY[one.because as UndecidedReason] ?? 'what was captured does not tell';
}

function qualityText({ quality }: Observation): string {
  const parts = [
    quality?.gapBytes === undefined ? '' : `${digits(quality.gapBytes)} bytes missing`,
    quality?.cutBytes === undefined ? '' : `${digits(quality.cutBytes)} bytes cut`,
    quality?.oneSided ?? '',
    quality?.midstream === true ? 'begins in mid-stream' : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function withoutHandshake(begun: readonly Observation[]): Judgement {
  const isHidden = begun.every((one) => one.tls?.version === undefined);
  return {
    verdict: 'inconclusive',
    discriminator: 'handshake',
    message: isHidden
      ? 'Speaks TLS, but no handshake was captured: version, suite, certificate and client authentication are not known.'
      : 'Speaks TLS, but no handshake was captured to its end: whether both sides accepted each other is not known.',
    expected: 'a handshake from its first packet to its last',
    observed: `${count(connections(begun), 'TLS connection')} ${isHidden ? 'without a ServerHello' : 'without an end of the handshake'}`,
    evidence: begun.map((one) =>
      evidenceOf(one, `${isHidden ? 'TLS records only' : 'handshake not finished'}${qualityText(one)}`),
    ),
  };
}
