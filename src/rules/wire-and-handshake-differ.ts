import type { Certificate, Observation } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { certificateText, serverChains } from './support/certificates.ts';
import { type TlsObservation, tlsObservations } from './support/handshakes.ts';
import { remedy } from './support/remedies.ts';
import { isSamePort, ofVantage, servedIn, shownAs } from './support/shown.ts';
import { evidenceOf, processOf } from './support/text.ts';

/** A probe gets something else from a port than the members of the cluster got in the capture. */
export const rule: ClusterRule = {
  id: 'wire-and-handshake-differ',
  scope: 'cluster',
  title: 'A port answers the probe otherwise than the cluster',
  severity: 'high',
  rationale:
    'What a probe is shown is not what the members of the cluster use: a proxy, load balancer or service mesh answers one of the two, somebody sits in the middle, or the process was started anew between capture and probe. Whatever was verified by asking then does not hold for the traffic that matters.',
  decides:
    'Compares the connections of a capture with the answers that a probe got at the same port of the same process: TLS against clear text (high), and the certificates that the server showed, where none of the one is among those of the other (medium). What TLS 1.3 or a resumed session hides is not compared.',
  verdicts: {
    pass: 'capture and probe show the same of every port that both tell of',
    fail: 'TLS to the one and clear text to the other, or other certificates',
    'not-applicable': 'no port was both captured and asked',
  },
  hears: ['wire', 'handshake'],
  remediation: remedy(
    'Look for what stands in front of the process (ss -tlnp on its host names who listens), and ask it by the address that the members use. Where it was restarted in between, capture and ask again.',
  ),
  references: ['https://www.rfc-editor.org/rfc/rfc8446#appendix-E.1'],

  appliesTo({ endpoints }: ClusterSubject): boolean {
    return pairs(endpoints).length > 0;
  },

  evaluate({ endpoints }: ClusterSubject, context: RuleContext): readonly Judgement[] {
    const judgements = pairs(endpoints).flatMap(
      (pair) => judgeProtection(pair, context) ?? judgeCertificates(pair, context) ?? [],
    );
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

/** One port, as the cluster and as the probe saw it. */
interface Pair {
  readonly endpoint: EndpointSubject;
  readonly captured: readonly Observation[];
  readonly asked: readonly Observation[];
}

/** A probe may have reached the port by another address than the cluster uses: then the name of the process tells. */
function pairs(endpoints: readonly EndpointSubject[]): readonly Pair[] {
  return endpoints.flatMap((endpoint): Pair[] => {
    const asked = ofVantage(endpoint.observations, 'active');
    if (asked.length === 0) return [];
    const captured = endpoints
      .filter(({ channel, server }) => channel === endpoint.channel && isSamePort(server, endpoint.server))
      .flatMap(({ observations }) => ofVantage(observations, 'passive'));
    return captured.length === 0 ? [] : [{ endpoint, captured, asked }];
  });
}

function judgeProtection({ endpoint, captured, asked }: Pair, context: RuleContext): Judgement | undefined {
  const [wire, handshake] = [shownAs(captured), shownAs(asked)];
  const isOpposite = (wire === 'tls' && handshake === 'clear') || (wire === 'clear' && handshake === 'tls');
  if (!isOpposite) return undefined;
  const [wireWords, askedWords] = wire === 'tls' ? ['TLS', 'clear text'] : ['clear text', 'TLS'];
  return {
    verdict: 'fail',
    channel: endpoint.channel,
    endpoint: endpoint.server,
    discriminator: 'protection',
    message: `${titleOf(endpoint, context)} was ${wireWords} in the capture, and a probe gets ${askedWords} from ${processOf(endpoint.server)}.${timesText(captured, asked)}`,
    expected: `${wireWords}, as captured`,
    observed: `${askedWords} when asked`,
    evidence: [
      ...servedIn(wire === 'tls' ? 'tls' : 'clear', captured)
        .slice(-2)
        .map((one) => evidenceOf(one, `${wireWords} in the capture`)),
      ...servedIn(handshake === 'tls' ? 'tls' : 'clear', asked).map((one) => evidenceOf(one, askedWords)),
    ],
    witnesses: {
      wire: wire === 'tls' ? 'pass' : 'fail',
      handshake: handshake === 'tls' ? 'pass' : 'fail',
    },
  };
}

function judgeCertificates({ endpoint, captured, asked }: Pair, context: RuleContext): Judgement | undefined {
  const [wire, handshake] = [leavesOf(captured), leavesOf(asked)];
  const [seen, got] = [wire.at(-1), handshake.at(-1)];
  if (seen === undefined || got === undefined) return undefined;
  const known = new Set(wire.map(({ leaf }) => leaf.sha256));
  if (handshake.some(({ leaf }) => known.has(leaf.sha256))) return undefined;
  return {
    verdict: 'fail',
    severity: 'medium',
    channel: endpoint.channel,
    endpoint: endpoint.server,
    discriminator: 'certificate',
    message: `${titleOf(endpoint, context)}: the members of the cluster were shown ${certificateText(seen.leaf)}, a probe is shown ${certificateText(got.leaf)}.${timesText(captured, asked)}`,
    expected: `${certificateText(seen.leaf)}, as captured`,
    observed: `${certificateText(got.leaf)} when asked`,
    evidence: [
      evidenceOf(seen.observation, `showed ${certificateText(seen.leaf)}`),
      evidenceOf(got.observation, `showed ${certificateText(got.leaf)}`, {
        words: [got.observation.tls.version ?? ''],
      }),
    ],
    witnesses: { wire: 'fail', handshake: 'fail' },
  };
}

interface Leaf {
  readonly leaf: Certificate;
  readonly observation: TlsObservation;
}

function leavesOf(observations: readonly Observation[]): readonly Leaf[] {
  return tlsObservations(observations).flatMap((observation) =>
    serverChains(observation.tls).flatMap(({ chain }) => chain.slice(0, 1).map((leaf) => ({ leaf, observation }))),
  );
}

function titleOf({ channel }: EndpointSubject, context: RuleContext): string {
  return context.probes.get(channel)?.title ?? channel;
}

/** A restart lies between the two, mostly: the reader has to know how long that is. */
function timesText(captured: readonly Observation[], asked: readonly Observation[]): string {
  const last = captured
    .map((one) => one.lastSeenAt)
    .sort()
    .at(-1);
  const first = asked.map((one) => one.observedAt).sort()[0];
  return ` Captured until ${last}, asked from ${first} on: a restart may lie between.`;
}
