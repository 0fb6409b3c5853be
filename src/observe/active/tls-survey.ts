import { createHash } from 'node:crypto';
import type { Probe } from '../../model/probe.ts';
import type { AdmissionProof } from '../../model/tls.ts';
import { mintStranger } from '../../net/stranger.ts';
import type { ClientCredential, HandshakeResult, Offer } from '../../net/tls-client/types.ts';
import { CIPHER_SUITES, forwardSecret } from '../../tls/cipher-suites.ts';
import { signatureSchemeName } from '../../tls/code-points.ts';
import { admissionOf, type VersionVerdict, verdictOf } from './client-authentication.ts';
import { isAccepted, type Speech } from './identify.ts';
import { EVERYTHING, GROUPS, OLD, only, SIGNATURE_SCHEMES, VERSIONS } from './offers.ts';
import { PROFILE_LIMITS } from './plan.ts';
import { isServerName, isWritableName } from './server-name.ts';
import {
  type ClearAnswer,
  describeHandshake,
  type Exchange,
  type Session,
  SessionStopped,
  type StopReason,
} from './session.ts';

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
  stopped?: StopReason | 'no-answer';
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

export interface TlsSurveyParts {
  readonly session: Session;
  readonly speech: Extract<Speech, { kind: 'tls' }>;
  readonly probe: Probe | undefined;
  /** Filled as the survey goes. */
  readonly found: TlsFindings;
  /** Whether a clear request was answered in kind. */
  readonly isClear: (asked: Exchange<ClearAnswer>) => boolean;
}

/**
 * How long a port that is known to speak TLS is waited for to answer in clear as well. It has answered faster than this
 * in TLS; a BLOB port in TLS says nothing at all to so short a request.
 */
const CLEAR_WAIT_MS = 1500;

/** For the list of attempts. */
const CREDENTIALS: Readonly<Record<AdmissionProof['credential'], string>> = {
  none: 'no certificate',
  stranger: "a stranger's certificate",
  'expired-stranger': 'an expired certificate of a stranger',
  'other-authority': 'a certificate whose issuer only bears the right name',
  'right-authority-not-pinned': 'the given identity, which is not pinned',
  identity: 'the given identity',
};

/**
 * Finds out what a TLS endpoint accepts. Fills `found` as it goes, so that an interruption loses nothing.
 *
 * Every question is a connection of its own and says what it needs only: a hello that is accepted is left after the
 * server's flight, which writes no log line.
 */
export class TlsSurvey {
  readonly #session: Session;
  readonly #speech: Extract<Speech, { kind: 'tls' }>;
  readonly #probe: Probe | undefined;
  readonly #found: TlsFindings;
  readonly #isClear: TlsSurveyParts['isClear'];

  constructor(parts: TlsSurveyParts) {
    this.#session = parts.session;
    this.#speech = parts.speech;
    this.#probe = parts.probe;
    this.#found = parts.found;
    this.#isClear = parts.isClear;
  }

  /** Never throws for what a server does; ends early where the session does, and says so in `stopped`. */
  async run(): Promise<void> {
    const { profile } = this.#session;
    try {
      this.#learn(this.#speech.first.result);
      if (this.#speech.refusedServerName !== undefined) this.#found.refusedServerName = this.#speech.refusedServerName;
      await this.#identity();
      await this.#otherVersion(profile === 'quick' ? 'server-flight' : 'finish');
      if (profile === 'quick') return;
      await this.#oldVersions();
      await this.#strangers();
      await this.#clearAsk();
      await this.#strangeName();
      await this.#suites();
      await this.#preference();
      if (profile === 'full') await this.#details();
    } catch (error) {
      if (!(error instanceof SessionStopped)) throw error;
      this.#found.stopped = error.reason;
    }
  }

  get #offer(): Offer {
    return this.#speech.offer;
  }

  get #highest(): string {
    return this.#speech.first.result.version!;
  }

  /** What any handshake shows by the way. */
  #learn(result: HandshakeResult): void {
    const { version } = result;
    if (!isAccepted(result) || version === undefined) return;
    const found = this.#found;
    found.versions.set(version, 'accepted');
    if (result.cipherSuite !== undefined) this.#addSuite(version, result.cipherSuite);
    if (result.namedGroup !== undefined) found.groups.add(result.namedGroup);
    if (result.signatureScheme !== undefined) found.schemes.add(result.signatureScheme);
    if (result.dhBits !== undefined) found.dhBits = Math.min(result.dhBits, found.dhBits ?? result.dhBits);
    if (result.alpn !== undefined) found.alpn = [result.alpn];
    if (result.end === 'finished') found.established = true;
    const { certificateRequest } = result;
    if (certificateRequest !== undefined && certificateRequest !== 'none') found.request ??= certificateRequest;
    this.#learnChain(version, result.certificates);
    this.#learnAuthentication(version, result);
  }

  #addSuite(version: string, suite: string): void {
    const list = this.#found.suites.get(version) ?? [];
    if (!list.includes(suite)) list.push(suite);
    this.#found.suites.set(version, list);
  }

  #learnChain(version: string, certificates: readonly Uint8Array[] | undefined): void {
    if (certificates === undefined || certificates.length === 0) return;
    const key = createHash('sha256').update(Buffer.concat(certificates)).digest('hex');
    const known = this.#found.chains.get(key);
    if (known !== undefined) known.versions.add(version);
    else this.#found.chains.set(key, { versions: new Set([version]), certificates });
  }

  /** A verdict stands unless it was `unknown`; two that differ mean two servers. */
  #learnAuthentication(version: string, result: HandshakeResult): void {
    if (result.presented === 'certificate' || result.certificateRequest === undefined) return;
    const left = result.end === 'flight' && result.certificateRequest !== 'none';
    const said = left ? undefined : verdictOf(result);
    const known = this.#found.authentication.get(version);
    if (said === undefined) {
      const unproven = { verdict: 'unknown', presented: 'none', evidence: 'CertificateRequest seen' } as const;
      if (known === undefined) this.#found.authentication.set(version, unproven);
      else if (known.verdict === 'not-requested') this.#contradict(`${version}: asks for a certificate at times`);
      return;
    }
    if (known === undefined || known.verdict === 'unknown') this.#found.authentication.set(version, said);
    else if (said.verdict !== 'unknown' && said.verdict !== known.verdict)
      this.#contradict(`${version}: client authentication is ${known.verdict}, then ${said.verdict}`);
  }

  #contradict(text: string): void {
    this.#found.contradictions.add(text);
  }

  async #ask(purpose: string, request: Parameters<Session['handshake']>[1]): Promise<HandshakeResult | undefined> {
    const done = await this.#session.handshake(purpose, request);
    if ('fault' in done) return undefined;
    this.#learn(done.result);
    return done.result;
  }

  #inside(): { readonly applicationRequest?: Uint8Array } {
    const probe = this.#probe;
    const isHttp = probe?.protocols.some((one) => one.name === 'http') === true;
    return isHttp && probe?.ask !== undefined
      ? { applicationRequest: probe.ask.request(this.#session.target.name) }
      : {};
  }

  /** The other one of TLS 1.2 and 1.3: a server that chose 1.2 from a hello with both has no 1.3 for us. */
  async #otherVersion(goal: 'server-flight' | 'finish'): Promise<void> {
    const { versions } = this.#found;
    const highest = this.#highest;
    if (highest !== 'TLSv1.3' && this.#offer.versions.includes(VERSIONS['TLSv1.3']!))
      versions.set('TLSv1.3', 'refused');
    if (highest === 'TLSv1.3') await this.#version('TLSv1.2', goal);
    if (highest === 'TLSv1.2' && !this.#offer.versions.includes(VERSIONS['TLSv1.3']!))
      await this.#version('TLSv1.3', goal, EVERYTHING);
    await this.#confirmUnknown(goal);
  }

  /** Silence after our Finished is asked about once more, with more patience. */
  async #confirmUnknown(goal: 'server-flight' | 'finish'): Promise<void> {
    if (goal !== 'finish') return;
    for (const [version, { verdict }] of [...this.#found.authentication]) {
      if (verdict !== 'unknown' || this.#found.versions.get(version) !== 'accepted') continue;
      const { answerMs, verdictMs } = this.#session.options.patience;
      await this.#ask(`${version}, no certificate, with more patience`, {
        offer: only(this.#offer, version),
        goal: 'finish',
        ...this.#inside(),
        patience: { answerMs, verdictMs: verdictMs * 2 },
      });
    }
  }

  async #version(version: string, goal: 'server-flight' | 'finish', base: Offer = this.#offer): Promise<void> {
    const result = await this.#ask(`${version} only${goal === 'finish' ? ', no certificate' : ''}`, {
      offer: only(base, version),
      goal,
      ...(goal === 'finish' ? this.#inside() : {}),
    });
    this.#judgeVersion(version, result);
  }

  #judgeVersion(version: string, result: HandshakeResult | undefined): void {
    if (result !== undefined && isAccepted(result) && result.version === version) return;
    const refused = result?.end === 'refused';
    this.#found.versions.set(version, refused ? 'refused' : 'unknown');
  }

  /** One hello speaks for all of TLS 1.1, 1.0 and SSL 3.0: a server answers with the highest that it has below. */
  async #oldVersions(): Promise<void> {
    const { versions } = this.#found;
    const first = await this.#ask('TLS 1.1 and older', { offer: { ...this.#nameOf(OLD) }, goal: 'server-flight' });
    const chosen = first !== undefined && isAccepted(first) ? first.version : undefined;
    const names = ['TLSv1.1', 'TLSv1', 'SSLv3'];
    if (chosen === undefined) {
      for (const name of names) versions.set(name, first?.end === 'refused' ? 'refused' : 'unknown');
      return;
    }
    for (const name of names.slice(0, names.indexOf(chosen))) versions.set(name, 'refused');
    for (const name of names.slice(names.indexOf(chosen) + 1))
      await this.#version(name, 'server-flight', this.#nameOf(OLD));
  }

  #nameOf(offer: Offer): Offer {
    const { serverName } = this.#offer;
    return serverName === undefined ? offer : { ...offer, serverName };
  }

  async #identity(): Promise<void> {
    const { identity } = this.#session.options;
    if (identity === undefined || this.#found.request === undefined) return;
    const pins = this.#session.target.pins ?? [];
    const sha1 = createHash('sha1').update(identity.certificates[0]!).digest('hex');
    const kind = pins.length > 0 && !pins.includes(sha1) ? 'right-authority-not-pinned' : 'identity';
    await this.#admission(kind, identity);
  }

  async #strangers(): Promise<void> {
    const request = this.#found.request;
    if (request === undefined) return;
    const now = Date.now();
    const authority = request.authorities[0];
    const full = this.#session.profile === 'full';
    const common = { commonName: 'flinkprobe stranger', key: keyType(request.types), now };
    await this.#admission('stranger', mintStranger({ ...common, kind: 'self-made' }));
    if (!full) return;
    await this.#admission('expired-stranger', mintStranger({ ...common, kind: 'expired' }));
    const other = {
      ...common,
      kind: 'other-authority',
      ...(authority === undefined ? {} : { issuer: authority }),
    } as const;
    await this.#admission('other-authority', mintStranger(other));
  }

  async #admission(credential: AdmissionProof['credential'], shown: ClientCredential): Promise<void> {
    const result = await this.#ask(`${this.#highest}, ${CREDENTIALS[credential]}`, {
      offer: only(this.#offer, this.#highest),
      goal: 'finish',
      credential: shown,
      ...this.#inside(),
    });
    if (result !== undefined) this.#found.admission.push(admissionOf(credential, result));
  }

  /** Whether a port that speaks TLS answers the clear request too. */
  async #clearAsk(): Promise<void> {
    const ask = this.#probe?.ask;
    if (ask === undefined) return;
    const waitMs = Math.min(CLEAR_WAIT_MS, this.#session.options.patience.answerMs);
    const asked = await this.#session.ask(`${ask.name} in clear`, ask, waitMs);
    if ('fault' in asked) return;
    this.#session.logLines += ask.logLines.tls;
    const text = this.#session.attempts.at(-1)!.result;
    this.#found.clear = { request: ask.name, outcome: this.#isClear(asked) ? 'answered' : 'not-answered', text };
  }

  /** A name that some stacks refuse: whoever connects by it fails. Only clients of REST send names. */
  async #strangeName(): Promise<void> {
    const { name } = this.#session.target;
    if (this.#probe?.protection !== 'rest' || isServerName(name) || !isWritableName(name)) return;
    const offer = { ...only(this.#offer, this.#highest), serverName: name };
    const result = await this.#ask(`server name ${JSON.stringify(name)}`, { offer, goal: 'server-flight' });
    const alert = result?.end === 'refused' ? result.refusal?.alert : undefined;
    if (alert !== undefined) this.#found.refusedServerName = { name, alert: alert.description };
  }

  /** Suites by removal: what is accepted is left out of the next hello, until nothing is accepted. */
  async #suites(): Promise<void> {
    for (const [version, state] of [...this.#found.versions]) if (state === 'accepted') await this.#suitesOf(version);
  }

  async #suitesOf(version: string): Promise<void> {
    const base = only(version === 'TLSv1.3' || version === 'TLSv1.2' ? this.#offer : this.#nameOf(OLD), version);
    const most = PROFILE_LIMITS[this.#session.profile].suites;
    let doubts = 0;
    while ((this.#found.suites.get(version)?.length ?? 0) < most) {
      const known = [...(this.#found.suites.get(version) ?? [])];
      const left = base.cipherSuites.filter((code) => !known.includes(CIPHER_SUITES.name(code)));
      if (left.length === 0) return;
      const offer = { ...base, cipherSuites: left };
      const result = await this.#ask(`${version} without ${known.length} known suites`, {
        offer,
        goal: 'server-flight',
      });
      const news =
        result !== undefined && isAccepted(result) && (this.#found.suites.get(version)?.length ?? 0) > known.length;
      if (news) continue;
      if (result?.end === 'refused' && result.refusal?.how === 'alert') return;
      if (result !== undefined && isAccepted(result)) {
        this.#contradict(`${version}: ${describeHandshake(result)}, a suite that was not offered`);
        return;
      }
      // A limit on connections looks like a refusal without an alert: what worked before is asked again.
      if (await this.#stillAccepts(base, known[0]!, version)) {
        doubts++;
        if (doubts === 2 || result?.end === 'refused') return;
        continue;
      }
      this.#found.stopped ??= 'connection-limit';
      return;
    }
  }

  async #stillAccepts(base: Offer, suite: string, version: string): Promise<boolean> {
    const codes = base.cipherSuites.filter((code) => CIPHER_SUITES.name(code) === suite);
    for (const pause of [0, 1500, 4000]) {
      if (pause > 0) await this.#session.pause(pause);
      const offer = { ...base, cipherSuites: codes };
      const result = await this.#ask(`${version}, control: ${suite}`, { offer, goal: 'server-flight' });
      if (result !== undefined && isAccepted(result)) return true;
    }
    return false;
  }

  /** The accepted suites of the highest version in reverse order: who keeps his choice decides. */
  async #preference(): Promise<void> {
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const known = this.#found.suites.get(version) ?? [];
      if (this.#found.versions.get(version) !== 'accepted' || known.length < 2) continue;
      const base = only(this.#offer, version);
      const codes = [...known]
        .reverse()
        .flatMap((name) => base.cipherSuites.filter((code) => CIPHER_SUITES.name(code) === name));
      const offer = { ...base, cipherSuites: codes };
      const result = await this.#ask(`${version}, suites in reverse order`, { offer, goal: 'server-flight' });
      const picked = result?.cipherSuite;
      this.#found.suitePreference =
        picked === undefined
          ? 'unknown'
          : picked === known.at(-1)
            ? 'client'
            : picked === known[0]
              ? 'server'
              : 'unknown';
      return;
    }
  }

  async #details(): Promise<void> {
    await this.#applicationProtocols();
    for (const version of ['TLSv1.3', 'TLSv1.2']) {
      if (this.#found.versions.get(version) !== 'accepted') continue;
      await this.#groupsOf(version);
      await this.#schemesOf(version);
    }
  }

  async #applicationProtocols(): Promise<void> {
    if (this.#inside().applicationRequest === undefined) return;
    const offer = { ...only(this.#offer, this.#highest), alpn: ['h2', 'http/1.1'] };
    await this.#ask('ALPN h2, http/1.1', { offer, goal: 'server-flight' });
  }

  /** By HelloRetryRequest in TLS 1.3, by ServerKeyExchange in 1.2. */
  async #groupsOf(version: string): Promise<void> {
    const base = only(this.#offer, version);
    const suites = version === 'TLSv1.3' ? base.cipherSuites : base.cipherSuites.filter(isEphemeral);
    let left = GROUPS;
    while (left.length > 0) {
      const offer = { ...base, cipherSuites: suites, namedGroups: left, keyShares: [] };
      const result = await this.#ask(`${version}, groups: ${left.length} left`, { offer, goal: 'server-flight' });
      const code = result?.namedGroupCode;
      if (code === undefined || !left.includes(code)) return;
      left = left.filter((one) => one !== code);
    }
  }

  async #schemesOf(version: string): Promise<void> {
    const base = only(this.#offer, version);
    const suites = version === 'TLSv1.3' ? base.cipherSuites : base.cipherSuites.filter(isEphemeral);
    let left = SIGNATURE_SCHEMES;
    while (left.length > 0) {
      const offer = { ...base, cipherSuites: suites, signatureSchemes: left };
      const result = await this.#ask(`${version}, signature schemes: ${left.length} left`, {
        offer,
        goal: 'server-flight',
      });
      const name = result !== undefined && isAccepted(result) ? result.signatureScheme : undefined;
      const code = left.find((one) => signatureSchemeName(one) === name);
      if (code === undefined) return;
      left = left.filter((one) => one !== code);
    }
  }
}

function isEphemeral(code: number): boolean {
  return forwardSecret(CIPHER_SUITES.name(code));
}

/** A key of a type that the server named; RSA where it named none (TLS 1.3) or several. */
function keyType(types: readonly string[]): 'RSA' | 'EC' {
  return types.includes('ecdsa_sign') && !types.includes('rsa_sign') ? 'EC' : 'RSA';
}
