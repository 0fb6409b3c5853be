import { createHash } from 'node:crypto';
import type { AdmissionProof } from '../../model/tls.ts';
import type { HandshakeResult } from '../../net/tls-client/types.ts';
import { type VersionVerdict, verdictOf } from './client-authentication.ts';
import { isAccepted } from './identify.ts';
import type { StopReason } from './session.ts';

/** A chain that was sent, and where. */
export interface SentChain {
  readonly versions: Set<string>;
  readonly certificates: readonly Uint8Array[];
}

/** All that a survey of a TLS endpoint found. */
export interface TlsFindings {
  /** Newest first; `unknown` where the answer was neither. */
  readonly versions: Map<string, 'accepted' | 'refused' | 'unknown'>;
  /** By version, in the order in which the server chose. */
  readonly suites: Map<string, string[]>;
  readonly groups: Set<string>;
  readonly schemes: Set<string>;
  readonly authentication: Map<string, VersionVerdict>;
  readonly admission: AdmissionProof[];
  readonly chains: Map<string, SentChain>;
  readonly contradictions: Set<string>;
  suitePreference?: 'server' | 'client' | 'unknown';
  refusedServerName?: { readonly name: string; readonly alert: string };
  request?: Exclude<HandshakeResult['certificateRequest'], undefined | 'none'>;
  established: boolean;
  /** The shortest prime of any Diffie-Hellman exchange. */
  dhBits?: number;
  alpn: readonly string[];
  clear?: { readonly request: string; readonly outcome: 'answered' | 'not-answered'; readonly text: string };
  stopped?: StopReason;
}

export function newFindings(): TlsFindings {
  return {
    versions: new Map(),
    suites: new Map(),
    groups: new Set(),
    schemes: new Set(),
    authentication: new Map(),
    admission: [],
    chains: new Map(),
    contradictions: new Set(),
    established: false,
    alpn: [],
  };
}

/** What any handshake shows by the way. */
export function learn(found: TlsFindings, result: HandshakeResult): void {
  const { version } = result;
  if (!isAccepted(result) || version === undefined) return;
  found.versions.set(version, 'accepted');
  if (result.cipherSuite !== undefined) addSuite(found, version, result.cipherSuite);
  if (result.namedGroup !== undefined) found.groups.add(result.namedGroup);
  if (result.signatureScheme !== undefined) found.schemes.add(result.signatureScheme);
  if (result.dhBits !== undefined) found.dhBits = Math.min(result.dhBits, found.dhBits ?? result.dhBits);
  if (result.alpn !== undefined) found.alpn = [result.alpn];
  if (result.end === 'finished') found.established = true;
  const { certificateRequest } = result;
  if (certificateRequest !== undefined && certificateRequest !== 'none') found.request ??= certificateRequest;
  learnChain(found, version, result.certificates);
  if (!isAnonymous(result)) learnAuthentication(found, version, result);
}

function addSuite(found: TlsFindings, version: string, suite: string): void {
  const list = found.suites.get(version) ?? [];
  if (!list.includes(suite)) list.push(suite);
  found.suites.set(version, list);
}

function learnChain(found: TlsFindings, version: string, certificates: readonly Uint8Array[] | undefined): void {
  if (certificates === undefined || certificates.length === 0) return;
  const key = createHash('sha256').update(Buffer.concat(certificates)).digest('hex');
  const known = found.chains.get(key);
  if (known !== undefined) known.versions.add(version);
  else found.chains.set(key, { versions: new Set([version]), certificates });
}

/** RFC 5246 section 7.4.4: a server that shows no certificate of its own may not ask for one. */
function isAnonymous({ cipherSuite = '' }: HandshakeResult): boolean {
  return cipherSuite.includes('_anon_');
}

/** A verdict stands unless it was `unknown`; two that differ mean two servers. */
function learnAuthentication(found: TlsFindings, version: string, result: HandshakeResult): void {
  if (result.presented === 'certificate' || result.certificateRequest === undefined) return;
  const left = result.end === 'flight' && result.certificateRequest !== 'none';
  const said = left ? undefined : verdictOf(result);
  const known = found.authentication.get(version);
  if (said === undefined) {
    const unproven = { verdict: 'unknown', presented: 'none', evidence: 'CertificateRequest seen' } as const;
    if (known === undefined) found.authentication.set(version, unproven);
    else if (known.verdict === 'not-requested') found.contradictions.add(`${version}: asks for a certificate at times`);
    return;
  }
  if (known === undefined || known.verdict === 'unknown') found.authentication.set(version, said);
  else if (said.verdict !== 'unknown' && said.verdict !== known.verdict)
    found.contradictions.add(`${version}: client authentication is ${known.verdict}, then ${said.verdict}`);
}
