import type {
  Certificate,
  CertificateChain,
  ChainTrust,
  Endpoint,
  Evidence,
  Seen,
  TlsDetails,
} from '../../model/report.ts';
import type { EndpointSubject } from '../../model/rule.ts';
import { type TlsObservation, tlsObservations } from './handshakes.ts';
import { evidenceOf } from './text.ts';

/** One certificate that a process presented at an endpoint, with all connections that show it there. */
export interface PresentedCertificate {
  readonly certificate: Certificate;
  readonly role: 'server' | 'client';
  /** 0 is the leaf. */
  readonly position: number;
  readonly chain: readonly Certificate[];
  readonly owner: Endpoint;
  readonly observations: readonly TlsObservation[];
}

/**
 * Certificates presented at an endpoint, each once: a client that shows what the server shows (Flink's internal
 * channels share one key pair) is not told again.
 */
export function presentedCertificates(subject: EndpointSubject): readonly PresentedCertificate[] {
  const found = new Map<string, PresentedCertificate & { readonly observations: TlsObservation[] }>();
  const observations = tlsObservations(subject.observations);
  for (const role of ['server', 'client'] as const) {
    for (const observation of observations) {
      const owner = role === 'server' ? subject.server : observation.client;
      if (owner === undefined) continue;
      for (const chain of chainsOf(observation, role)) {
        chain.forEach((certificate, position) => {
          const known = found.get(certificate.sha256);
          if (known === undefined) {
            const observed = [observation];
            found.set(certificate.sha256, { certificate, role, position, chain, owner, observations: observed });
          } else if (known.role === role && known.observations.at(-1) !== observation)
            known.observations.push(observation);
        });
      }
    }
  }
  return [...found.values()];
}

/** What a probe shows is its own. */
function chainsOf({ tls, vantage }: TlsObservation, role: 'server' | 'client'): readonly (readonly Certificate[])[] {
  if (role === 'client') return vantage === 'active' ? [] : presentChain(tls.clientCertificate);
  return serverChains(tls).map(({ chain }) => chain);
}

/** A chain of a server, and what the operator's truststore says of it. */
interface ServerChain {
  readonly chain: CertificateChain['chain'];
  readonly trust?: ChainTrust;
}

/** The chains of a server: the first that it showed, then those for clients that verify other types of key. */
export function serverChains({ serverCertificate, trust, alternativeChains = [] }: TlsDetails): readonly ServerChain[] {
  const judged = trust === undefined ? {} : { trust };
  return [...presentChain(serverCertificate).map((chain) => ({ chain, ...judged })), ...alternativeChains];
}

function presentChain(chain: Seen<CertificateChain>): readonly (readonly Certificate[])[] {
  return chain.seen === 'present' ? [chain.chain] : [];
}

/** Whether the operator's truststore was seen to vouch for this certificate's chain. */
export function isAnchored({ certificate, observations }: PresentedCertificate): boolean {
  return observations.some(({ tls }) =>
    serverChains(tls).some(
      ({ chain, trust }) => trust?.verdict === 'anchored' && chain[0]?.sha256 === certificate.sha256,
    ),
  );
}

/** Where no certificate of the server was seen: hidden is inconclusive, a handshake that never came so far is not applicable. */
export function withoutCertificate(subject: EndpointSubject): 'inconclusive' | 'not-applicable' {
  const hidden = tlsObservations(subject.observations).some(
    ({ tls, answer }) =>
      answer === undefined &&
      tls.serverCertificate.seen === 'hidden' &&
      tls.serverCertificate.because !== 'not-reached',
  );
  return hidden ? 'inconclusive' : 'not-applicable';
}

/** `CN=internal,O=lab (51aab0c9…)`. */
export function certificateText(certificate: Certificate): string {
  return `${certificate.subject === '' ? 'empty subject' : certificate.subject} (${certificate.sha256.slice(0, 8)}…)`;
}

export function isSelfSigned(certificate: Certificate): boolean {
  return certificate.selfIssued;
}

/** Which certificate of the accused endpoint: `certificate CN=… (51aa…)`, `client certificate …`, `issuing certificate …`. */
export function which(presented: PresentedCertificate): string {
  const kind = presented.position === 0 ? 'certificate' : 'issuing certificate';
  const role = presented.role === 'client' ? 'client ' : '';
  return `${role}${kind} ${certificateText(presented.certificate)}`;
}

export function certificateEvidence(presented: PresentedCertificate, said: string): readonly Evidence[] {
  return presented.observations.map((one) => evidenceOf(one, said, { words: chainWords(presented, one) }));
}

/** The connections of a probe that show a further chain are known by what was offered for it. */
function chainWords({ certificate }: PresentedCertificate, { tls }: TlsObservation): readonly string[] {
  const further = tls.alternativeChains?.find(({ chain }) => chain.some((one) => one.sha256 === certificate.sha256));
  const first = tls.version === undefined ? [] : [tls.version];
  return further === undefined
    ? first
    : [certificate.sha256.slice(0, 8), further.keyType, ...further.versions, ...first];
}

/** The endpoint to accuse: the server where it presents the certificate, else the client. */
export function accused(presented: PresentedCertificate): { readonly endpoint?: Endpoint } {
  return presented.role === 'client' ? { endpoint: presented.owner } : {};
}
