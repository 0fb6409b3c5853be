import type { Endpoint } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { oneSidedConnection } from './support/clear.ts';
import { hasTls, type TlsObservation, tlsObservations } from './support/handshakes.ts';
import { isInternal } from './support/protection.ts';
import { explainRefusal, type Refusal } from './support/refusal.ts';
import { remedy, STRONG_SUITES } from './support/remedies.ts';
import { connections, count, evidenceOf, listed, originOf, placeOf, processOf, settingText } from './support/text.ts';

/**
 * TLS handshakes that one side refused, with the reason as far as the wire tells it.
 *
 * A ClientHello to a port in clear does not count (`mixed-tls-and-clear`), nor that a probe is refused for want of a
 * certificate; where a server takes no ClientHello of a probe at all, nobody can connect to it, and it does. Where members of the cluster refuse each other it is high; on REST and beyond, a stranger
 * that is refused may be the very purpose, so it is medium there.
 */
export const rule: EndpointRule = {
  id: 'handshake-refused',
  scope: 'endpoint',
  title: 'TLS handshake refused',
  severity: 'high',
  promise: 'tls',
  rationale:
    'Between members of a cluster a refused handshake means that one of them is left out: a TaskManager does not register, tasks fail and restart, blobs cannot be fetched, while REST may still call the cluster healthy. The alert, and what came before it, tell which side has to be changed.',
  decides:
    'Looks at handshakes that one side ended by an alert, FIN or RST; a ClientHello that met clear text is left to mixed-tls-and-clear. Of a probe it counts where the server takes no ClientHello at all. High on internal channels and where nobody gets in, medium elsewhere.',
  verdicts: {
    pass: 'handshakes were established and none was refused',
    fail: 'a handshake was refused; the message has the reason as far as the wire tells it',
    inconclusive: 'no handshake was captured to its end, or the server demands a name and was asked by its address',
    'not-applicable': 'no TLS was seen at the endpoint',
  },
  remediation: remedy(
    'Compare keystore, truststore, pin, protocol and suites (security.ssl.internal.*, security.ssl.protocol, security.ssl.algorithms) of the two processes, make them equal and restart the one that differs.',
  ),
  references: [
    'https://www.rfc-editor.org/rfc/rfc8446#section-6.2',
    'https://www.rfc-editor.org/rfc/rfc5246#section-7.2.2',
  ],

  appliesTo(subject: EndpointSubject): boolean {
    return hasTls(subject);
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const all = tlsObservations(subject.observations);
    const asked = all.filter((one) => one.vantage === 'active');
    const passive = all.filter((one) => one.vantage === 'passive');
    return [...(asked.length === 0 ? [] : judgeAsked(asked, subject)), ...judgeCaptured(passive, subject, context)];
  },
};

/** A probe offers all that it knows: a server that takes none of it takes nobody. */
function judgeAsked(asked: readonly TlsObservation[], subject: EndpointSubject): readonly Judgement[] {
  const refused = asked.filter((one) => one.tls.outcome === 'refused');
  if (refused.length === 0) return [{ verdict: 'pass' }];
  const alert = refused.flatMap((one) => one.tls.alerts).find((one) => one.from === 'server' && one.level === 'fatal');
  if (alert?.code === UNRECOGNIZED_NAME && refused.every((one) => one.tls.serverName === undefined))
    return [demandsName(refused, alert.description)];
  const how =
    alert === undefined
      ? (refused.map((one) => endText(one)).find((text) => text !== undefined) ?? 'without an alert')
      : `with alert ${alert.code} (${alert.description})`;
  const listed = subject.expectation?.basis === 'configuration' ? subject.expectation.because : [];
  const values = listed.filter((setting) => /^security\.ssl\.(?:algorithms|protocol)$/.test(setting.key));
  return [
    {
      verdict: 'fail',
      severity: 'high',
      discriminator: 'takes-no-hello',
      message: `Speaks TLS and refuses every ClientHello ${how}, whatever is offered: TLS is configured, and nobody can connect. Mostly Java has disabled the only suite or protocol that is set (jdk.tls.disabledAlgorithms: TLS_RSA_WITH_AES_128_CBC_SHA, Flink's former default, since 11.0.30, 17.0.18, 21.0.10 and 24), or no key of the keystore fits it.`,
      expected: `an established handshake (${originOf(subject.expectation)})`,
      observed: `${count(
        refused.reduce((sum, one) => sum + (one.asked?.connections ?? 1), 0),
        'connection',
      )}, each refused ${how}${values.length === 0 ? '' : `; set: ${values.map(settingText).join('; ')}`}`,
      evidence: refused.map((one) =>
        evidenceOf(one, `refused ${how}`, { words: [alert?.description ?? '', 'refused'] }),
      ),
      remediation: remedy(
        "Set suites and protocol that the Java of this process has, of the kind that the keystore's key allows (ECDHE_RSA needs an RSA key), on every process, and restart them together.",
        { 'security.ssl.algorithms': STRONG_SUITES, 'security.ssl.protocol': 'TLSv1.2' },
      ),
    },
  ];
}

/** RFC 6066 section 3. */
const UNRECOGNIZED_NAME = 112;

/** Who asks by an address sends no server name: what is served under a name is not known then. */
function demandsName(refused: readonly TlsObservation[], description: string): Judgement {
  return {
    verdict: 'inconclusive',
    severity: 'info',
    discriminator: 'demands-name',
    message: `Demands a server name (alert ${UNRECOGNIZED_NAME}, ${description}) and was asked by its address: what it serves to those who name it is not known. Name the target by its host name.`,
    expected: 'an established handshake',
    observed: `refused with alert ${UNRECOGNIZED_NAME} (${description})`,
    evidence: refused.map((one) => evidenceOf(one, `refused with ${description}`, { words: [description, 'refused'] })),
  };
}

function endText({ tls }: TlsObservation): string | undefined {
  if (tls.refusal?.how === 'fin') return 'by closing without an alert';
  return tls.refusal?.how === 'reset' ? 'by a reset' : undefined;
}

function judgeCaptured(
  passive: readonly TlsObservation[],
  subject: EndpointSubject,
  context: RuleContext,
): readonly Judgement[] {
  if (passive.length === 0) return [{ verdict: 'not-applicable' }];
  const refused = passive.filter(
    (one) => one.tls.outcome === 'refused' && oneSidedConnection(one, subject, context) === undefined,
  );
  if (refused.length === 0) {
    const settled = passive.some((one) => one.tls.outcome === 'established');
    return [{ verdict: settled ? 'pass' : 'inconclusive' }];
  }
  const peers = passive.filter((one) => one.tls.outcome === 'established');
  const groups = new Map<string, Told[]>();
  for (const observation of refused) {
    const internal = isInternal(subject, context);
    const refusal = explainRefusal(observation, { peers, expectation: subject.expectation, internal });
    const key = `${refusal.reason} ${refusal.by}`;
    const told = groups.get(key) ?? [];
    told.push({ observation, refusal });
    groups.set(key, told);
  }
  return [...groups.values()].map((told) => judge(told, peers, subject, context));
}

interface Told {
  readonly observation: TlsObservation;
  readonly refusal: Refusal;
}

function judge(
  told: readonly Told[],
  peers: readonly TlsObservation[],
  subject: EndpointSubject,
  context: RuleContext,
): Judgement {
  const { refusal } = told[0]!;
  const observations = told.map((one) => one.observation);
  const clients = [...new Set(observations.map((one) => (one.client === undefined ? '?' : processOf(one.client))))];
  const odd = oddClient(observations, peers);
  const who = odd === undefined ? `with ${listed(clients)}` : `with ${placeOf(subject.server)}`;
  const proof = frameOf(observations[0]!).frame;
  return {
    verdict: 'fail',
    severity: isInternal(subject, context) ? 'high' : 'medium',
    ...(odd === undefined ? {} : { endpoint: odd }),
    discriminator: `${refusal.reason} ${refusal.by}`,
    message: `No TLS ${who}: ${refusal.text.replace(/\.$/, '')}.`,
    expected: `an established handshake (${originOf(subject.expectation)})`,
    observed: `${count(connections(observations), 'handshake')} refused${peers.length === 0 ? ', none established' : `, ${connections(peers)} established`}${proof === undefined ? '' : `, first in frame ${proof}`}`,
    evidence: told.map((one) => evidenceOf(one.observation, one.refusal.how, frameOf(one.observation))),
    remediation: refusal.remediation,
  };
}

/** The only client that is refused where others get in is the one to look at; else it is the server. */
function oddClient(refused: readonly TlsObservation[], peers: readonly TlsObservation[]): Endpoint | undefined {
  const clients = refused.map((one) => one.client).filter((one) => one !== undefined);
  const [first] = clients;
  if (first === undefined || clients.some((one) => processOf(one) !== processOf(first))) return undefined;
  const othersGetIn = peers.some((one) => one.client !== undefined && processOf(one.client) !== processOf(first));
  return othersGetIn ? first : undefined;
}

function frameOf(observation: TlsObservation): { readonly frame?: number } {
  const frame = observation.tls.refusal?.frame ?? observation.tls.alerts[0]?.frame ?? observation.frames?.last;
  return frame === undefined ? {} : { frame };
}
