import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { hasTls, type TlsObservation, tlsObservations } from './support/handshakes.ts';
import { isInternal } from './support/protection.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { connections, count, distinct, evidenceOf, originOf } from './support/text.ts';

/**
 * An internal channel lets clients in without a certificate.
 *
 * The best observation of the endpoint counts: one full handshake that shows the request speaks for resumed sessions
 * beside it. One that shows none fails it, whatever the others show.
 */
export const rule: EndpointRule = {
  id: 'no-client-authentication',
  scope: 'endpoint',
  title: 'Internal channel without client authentication',
  severity: 'high',
  promise: 'client-authentication',
  rationale:
    'On internal channels the certificate is the only proof that a peer belongs to the cluster. Whoever gets in without one can call RPC (which deserializes Java objects, and so runs code), fetch user code and read records. Flink itself always demands a certificate there, so something else answers: a proxy or mesh that ends TLS in front, or another program.',
  decides:
    'Looks at handshakes of internal channels: whether the server asked for a certificate (the message itself, or record lengths in TLS 1.3), and whether a client or a probe without one got in, in each version. One connection or version that lets clients in without fails it.',
  verdicts: {
    pass: 'a certificate is asked for, and nobody was seen to get in without',
    fail: 'clients get in without a certificate',
    inconclusive:
      'the messages that tell are encrypted or were not captured, or a probe was neither refused nor let on',
    'not-applicable': 'no TLS was seen at the endpoint, no handshake that tells, or it is no internal channel',
  },
  remediation: remedy(
    "Let Flink itself end TLS on its internal ports: take them out of the proxy or mesh in front, or make that demand certificates of the cluster's own authority.",
    { 'security.ssl.internal.enabled': 'true' },
  ),
  references: [
    SECURITY_SSL_PAGE,
    'https://www.rfc-editor.org/rfc/rfc8446#section-4.3.2',
    'https://www.rfc-editor.org/rfc/rfc5246#section-7.4.4',
  ],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    return isInternal(subject, context) && hasTls(subject);
  },

  evaluate(subject: EndpointSubject): readonly Judgement[] {
    const observations = tlsObservations(subject.observations).filter((one) => one.answer === undefined);
    const open = observations.filter((one) => openness(one) !== undefined);
    if (open.length > 0) return [openJudgement(open, subject)];
    const untold = observations.filter((one) => untoldVersions(one).length > 0);
    if (untold.length > 0) return [untoldJudgement(untold, subject)];
    if (observations.some((one) => isRequested(one))) return [{ verdict: 'pass' }];
    const established = observations.filter((one) => one.tls.outcome !== 'refused' && isTelling(one));
    if (established.length === 0) return [{ verdict: 'not-applicable' }];
    return [unknownJudgement(established, subject)];
  },
};

/** Why an observation shows that nobody needs a certificate; undefined where it does not. */
function openness(one: TlsObservation): string | undefined {
  const { clientAuthentication, outcome } = one.tls;
  const byVersion = Object.entries(clientAuthentication.byVersion ?? {});
  const openVersions = byVersion.filter(([, verdict]) => verdict === 'not-requested').map(([version]) => version);
  const parts = openVersions.length === 0 ? [] : [`no certificate requested in ${openVersions.join(', ')}`];
  if (clientAuthentication.basis === 'probe') {
    // A probe says `requested` only where the server went on without a certificate.
    const lenient = byVersion.filter(([, verdict]) => verdict === 'requested').map(([version]) => version);
    if (lenient.length > 0) parts.push(`a certificate requested and not needed in ${lenient.join(', ')}`);
  }
  if (parts.length > 0) return parts.join(', ');
  if (clientAuthentication.verdict === 'not-requested') return 'no certificate requested';
  if (clientAuthentication.basis === 'probe' && clientAuthentication.verdict === 'requested') {
    return 'a certificate requested, none presented, and the server went on';
  }
  const without = clientAuthentication.presented === 'none' || clientAuthentication.presented === 'empty';
  if (clientAuthentication.verdict === 'requested' && without && outcome === 'established') {
    return 'a certificate requested, none presented, and the server went on';
  }
  return undefined;
}

/** Versions in which a probe asked and the server said neither yes nor no. */
function untoldVersions({ tls }: TlsObservation): readonly string[] {
  const { basis, byVersion, verdict } = tls.clientAuthentication;
  if (basis !== 'probe') return [];
  if (byVersion === undefined || Object.keys(byVersion).length === 0) {
    return verdict === 'unknown' && tls.version !== undefined ? [tls.version] : [];
  }
  return Object.entries(byVersion ?? {})
    .filter(([, verdict]) => verdict === 'unknown')
    .map(([version]) => version);
}

/** A connection that was captured to its end, or a probe that was answered. */
function isTelling({ vantage, tls }: TlsObservation): boolean {
  return tls.outcome === 'established' || (vantage === 'active' && tls.version !== undefined);
}

function isRequested({ tls }: TlsObservation): boolean {
  return tls.clientAuthentication.verdict === 'required' || tls.clientAuthentication.verdict === 'requested';
}

function openWords({ tls }: TlsObservation): readonly string[] {
  const { byVersion, verdict } = tls.clientAuthentication;
  const open = Object.entries(byVersion ?? {}).filter(([, one]) => one === 'not-requested' || one === 'requested');
  const version = tls.version === undefined || verdict === 'required' ? [] : [tls.version];
  return [...open.map(([name]) => name), ...version];
}

function openJudgement(open: readonly TlsObservation[], subject: EndpointSubject): Judgement {
  const reasons = distinct(open.map(openness));
  return {
    verdict: 'fail',
    message: `Lets clients in without a certificate: ${reasons.join('; ')}.`,
    expected: `a client certificate demanded of everyone (${originOf(subject.expectation, 'authentication')})`,
    observed: `${reasons.join('; ')}, in ${count(connections(open), 'handshake')}`,
    evidence: open.map((one) => evidenceOf(one, `${openness(one)}${basisText(one)}`, { words: openWords(one) })),
  };
}

function untoldJudgement(untold: readonly TlsObservation[], subject: EndpointSubject): Judgement {
  const versions = distinct(untold.flatMap(untoldVersions)).join(', ');
  return {
    verdict: 'inconclusive',
    severity: 'info',
    discriminator: 'probe',
    message: `Whether a client certificate is demanded in ${versions} was not told: the server neither refused nor went on.`,
    expected: `a client certificate demanded of everyone (${originOf(subject.expectation, 'authentication')})`,
    observed: `${versions}: no answer to an empty certificate`,
    evidence: untold.map((one) =>
      evidenceOf(one, `${untoldVersions(one).join(', ')} unknown${basisText(one)}`, { words: untoldVersions(one) }),
    ),
    remediation: remedy('Ask again when the process is less busy, with a longer timeout.'),
  };
}

function basisText(one: TlsObservation): string {
  const { basis, evidence } = one.tls.clientAuthentication;
  const inferred = basis === 'record-lengths' ? ', inferred from record lengths' : '';
  return `${inferred}${evidence === undefined ? '' : ` (${evidence})`}`;
}

function unknownJudgement(established: readonly TlsObservation[], subject: EndpointSubject): Judgement {
  const resumed = established.every((one) => one.tls.resumed === true);
  const why = resumed
    ? 'all sessions were resumed, and no full handshake was captured'
    : 'the messages that tell are encrypted (TLS 1.3) or were not captured';
  return {
    verdict: 'inconclusive',
    severity: 'info',
    message: `Whether a client certificate is demanded cannot be told: ${why}.`,
    expected: `a client certificate demanded of everyone (${originOf(subject.expectation, 'authentication')})`,
    observed: why,
    evidence: established.map((one) =>
      evidenceOf(
        one,
        `${one.tls.version ?? 'unknown version'}${one.tls.resumed === true ? ', resumed' : ''}${basisText(one)}`,
      ),
    ),
    remediation: remedy(
      'Capture a full handshake from its SYN on (restart a TaskManager), or give the session keys with --keylog.',
    ),
  };
}
