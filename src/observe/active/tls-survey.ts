import { createHash } from 'node:crypto';
import type { Probe } from '../../model/probe.ts';
import type { AdmissionProof } from '../../model/tls.ts';
import { mintStranger } from '../../net/stranger.ts';
import { EVERYTHING, OLD } from '../../net/tls-client/offers.ts';
import type { ClientCredential, HandshakeResult, Offer } from '../../net/tls-client/types.ts';
import { admissionOf } from './client-authentication.ts';
import { ofFamily } from './families.ts';
import { isAccepted, type Speech } from './identify.ts';
import { only, VERSIONS } from './offers.ts';
import { isServerName, isWritableName } from './server-name.ts';
import { type ClearAnswer, type Exchange, insideRequest, type Session, SessionStopped } from './session.ts';
import { type Enumeration, groupsOf, preferenceOf, schemesOf, suitesOf } from './tls-enumeration.ts';
import { learn, type TlsFindings } from './tls-findings.ts';

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
      learn(this.#found, this.#speech.first.result);
      if (this.#speech.refusedServerName !== undefined) this.#found.refusedServerName = this.#speech.refusedServerName;
      await this.#identity();
      await this.#otherVersion(profile === 'quick' ? 'server-flight' : 'finish');
      await this.#identity();
      if (profile === 'quick') return;
      await this.#oldVersions();
      await this.#strangers();
      await this.#clearAsk();
      await this.#strangeName();
      await this.#suites();
      await preferenceOf(this.#enumeration());
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

  async #ask(purpose: string, request: Parameters<Session['handshake']>[1]): Promise<HandshakeResult | undefined> {
    const done = await this.#session.handshake(purpose, request);
    if ('fault' in done) return undefined;
    learn(this.#found, done.result);
    return done.result;
  }

  #inside(): ReturnType<typeof insideRequest> {
    return insideRequest(this.#session.target, this.#probe);
  }

  /** The other one of TLS 1.2 and 1.3: a server that chose 1.2 from a hello with both has no 1.3, as a rule. */
  async #otherVersion(goal: 'server-flight' | 'finish'): Promise<void> {
    const { versions } = this.#found;
    const highest = this.#highest;
    if (highest !== 'TLSv1.3' && this.#offer.versions.includes(VERSIONS['TLSv1.3']!))
      versions.set('TLSv1.3', 'refused');
    if (highest === 'TLSv1.3') await this.#version('TLSv1.2', goal);
    // A server may prefer 1.2 and take 1.3 from who offers nothing else; to ask costs a log line of most Flink ports.
    if (highest === 'TLSv1.2' && this.#session.profile === 'full') await this.#version('TLSv1.3', goal);
    else if (highest === 'TLSv1.2' && !this.#offer.versions.includes(VERSIONS['TLSv1.3']!))
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
    if (result !== undefined && isAccepted(result) && result.version === version) return;
    this.#found.versions.set(version, result?.end === 'refused' ? 'refused' : 'unknown');
  }

  /** One hello speaks for all of TLS 1.1, 1.0 and SSL 3.0: a server answers with the highest that it has below. */
  async #oldVersions(): Promise<void> {
    const { versions } = this.#found;
    const first = await this.#ask('TLS 1.1 and older', { offer: this.#nameOf(OLD), goal: 'server-flight' });
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

  /** Once, as soon as some version is known to ask for a certificate. */
  async #identity(): Promise<void> {
    const identity = ofFamily(this.#session.options.identities, this.#probe?.protection);
    if (identity === undefined || this.#found.admission.length > 0) return;
    const pins = this.#session.target.pins ?? [];
    const sha1 = createHash('sha1').update(identity.certificates[0]!).digest('hex');
    const kind = pins.length > 0 && !pins.includes(sha1) ? 'right-authority-not-pinned' : 'identity';
    await this.#admission(kind, identity);
  }

  /** The newest version that asks for a certificate: some servers ask in one and not in the other. */
  get #askingVersion(): string | undefined {
    const { versions, authentication } = this.#found;
    return ['TLSv1.3', 'TLSv1.2', this.#highest].find((version) => {
      const verdict = authentication.get(version)?.verdict;
      return versions.get(version) === 'accepted' && verdict !== undefined && verdict !== 'not-requested';
    });
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
    const version = this.#askingVersion;
    if (version === undefined) return;
    const result = await this.#ask(`${version}, ${CREDENTIALS[credential]}`, {
      offer: only(this.#offer, version),
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

  #enumeration(): Enumeration {
    return {
      session: this.#session,
      found: this.#found,
      ask: (purpose, request) => this.#ask(purpose, request),
      offerFor: (version) => only(isOld(version) ? this.#nameOf(OLD) : this.#offer, version),
    };
  }

  async #suites(): Promise<void> {
    for (const [version, state] of [...this.#found.versions])
      if (state === 'accepted') await suitesOf(this.#enumeration(), version);
  }

  async #details(): Promise<void> {
    await this.#applicationProtocols();
    for (const version of ['TLSv1.3', 'TLSv1.2']) {
      if (this.#found.versions.get(version) !== 'accepted') continue;
      await groupsOf(this.#enumeration(), version);
      await schemesOf(this.#enumeration(), version);
    }
  }

  async #applicationProtocols(): Promise<void> {
    if (this.#inside().applicationRequest === undefined) return;
    const offer = { ...only(this.#offer, this.#highest), alpn: ['h2', 'http/1.1'] };
    await this.#ask('ALPN h2, http/1.1', { offer, goal: 'server-flight' });
  }
}

function isOld(version: string): boolean {
  return version !== 'TLSv1.3' && version !== 'TLSv1.2';
}

/** A key of a type that the server named; RSA where it named none (TLS 1.3) or several. */
function keyType(types: readonly string[]): 'RSA' | 'EC' {
  return types.includes('ecdsa_sign') && !types.includes('rsa_sign') ? 'EC' : 'RSA';
}
