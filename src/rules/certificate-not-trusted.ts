import type { Certificate, ChainTrust } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { certificateText, serverChains } from './support/certificates.ts';
import { type TlsObservation, tlsObservations } from './support/handshakes.ts';
import { isInternal } from './support/protection.ts';
import { keystoreRemedy, remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { evidenceOf } from './support/text.ts';

/** One chain of a server, judged by the operator's truststore. */
interface JudgedChain {
  readonly observation: TlsObservation;
  readonly chain: readonly Certificate[];
  readonly trust: ChainTrust;
}

/**
 * A chain that does not lead into the truststore that the operator gave (`--truststore`).
 *
 * Looks at the whole run: where another endpoint sends the certificate that is missing here, and leads into the
 * truststore by it, only this chain is incomplete. Without a truststore nothing is judged.
 */
export const rule: ClusterRule = {
  id: 'certificate-not-trusted',
  scope: 'cluster',
  title: 'Certificate does not lead into the truststore',
  severity: 'high',
  rationale:
    'Every client that has this truststore refuses the server: TaskManagers do not register, command lines and monitoring fail, or somebody switches verification off. After a change of certificates it is the sign that one side was forgotten.',
  decides:
    'Needs --truststore: follows every chain that a server sent into that truststore. Where the certificate that is missing is one that other endpoints send on their way into the truststore, the severity is medium instead of high.',
  verdicts: {
    pass: 'the chain leads into the truststore',
    fail: 'it does not: whoever has this truststore refuses the server',
    'not-applicable': 'no truststore was given for this channel, or no chain was seen',
  },
  hears: ['wire', 'handshake'],
  remediation: remedy(
    'Serve a certificate that the truststore vouches for, with all certificates in between; or add its authority to the truststore of everyone who connects. Where the truststore that was given belongs to the other family of channels, give each its own: --truststore internal=FILE --truststore rest=FILE.',
  ),
  references: [SECURITY_SSL_PAGE, 'https://www.rfc-editor.org/rfc/rfc5280#section-6.1'],

  appliesTo({ endpoints }: ClusterSubject): boolean {
    return endpoints.some((endpoint) => judgedChains(endpoint).length > 0);
  },

  evaluate({ endpoints }: ClusterSubject, context: RuleContext): readonly Judgement[] {
    const all = endpoints.map((endpoint) => ({ endpoint, chains: judgedChains(endpoint) }));
    const issuers = anchoredIssuers(all.flatMap(({ chains }) => chains));
    return all.flatMap(({ endpoint, chains }) => chains.map((one) => judgementOf(one, endpoint, issuers, context)));
  },
};

function judgementOf(
  { observation, chain, trust }: JudgedChain,
  subject: EndpointSubject,
  issuers: ReadonlySet<string>,
  context: RuleContext,
): Judgement {
  if (trust.verdict === 'anchored') return { verdict: 'pass' };
  const leaf = chain[0]!;
  const missing = trust.missingIssuer;
  const isKnown = missing !== undefined && issuers.has(missing);
  const refused = isInternal(subject, context) ? 'Members' : 'Clients';
  return {
    verdict: 'fail',
    severity: isKnown ? 'medium' : 'high',
    channel: subject.channel,
    endpoint: subject.server,
    discriminator: leaf.sha256,
    message: `${refused} with the truststore that was given refuse ${certificateText(leaf)}: the chain ${trust.text}.${guess(missing, isKnown)}`,
    expected: 'a chain that leads into the truststore',
    observed: `${trust.verdict}: ${chain.map(({ subject: name }) => name).join(' <- ')}`,
    evidence: [
      evidenceOf(observation, `${chain.length} certificate(s); the chain ${trust.text}`, {
        words: [leaf.sha256.slice(0, 8), ...(observation.tls.version === undefined ? [] : [observation.tls.version])],
      }),
    ],
    ...(isKnown
      ? {
          remediation: keystoreRemedy(
            subject,
            context,
            `Import the whole chain, leaf first and with ${missing}, into the keystore entry.`,
          ),
        }
      : {}),
  };
}

function guess(missing: string | undefined, isKnown: boolean): string {
  if (missing === undefined) return '';
  return isKnown
    ? ' Other endpoints send that certificate, and lead into the truststore by it: only here it is missing.'
    : ' Either a certificate in between was not sent, or it is of an authority that is not trusted.';
}

function judgedChains(subject: EndpointSubject): readonly JudgedChain[] {
  return tlsObservations(subject.observations).flatMap((observation) =>
    serverChains(observation.tls).flatMap(({ chain, trust }) =>
      trust === undefined || chain.length === 0 ? [] : [{ observation, chain, trust }],
    ),
  );
}

/** Subjects of the certificates between a leaf and the anchor that it was seen to lead to. */
function anchoredIssuers(chains: readonly JudgedChain[]): ReadonlySet<string> {
  const anchored = chains.filter(({ trust }) => trust.verdict === 'anchored');
  return new Set(anchored.flatMap(({ chain }) => chain.slice(1).map(({ subject }) => subject)));
}
