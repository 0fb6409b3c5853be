import { GROUPS, SIGNATURE_SCHEMES } from '../../net/tls-client/offers.ts';
import type { HandshakeRequest, HandshakeResult, Offer } from '../../net/tls-client/types.ts';
import { CIPHER_SUITES, forwardSecret } from '../../tls/cipher-suites.ts';
import { signatureSchemeName } from '../../tls/code-points.ts';
import { isAccepted } from './identify.ts';
import { PROFILE_LIMITS } from './plan.ts';
import { describeHandshake, type Session } from './session.ts';
import type { TlsFindings } from './tls-findings.ts';

/** What the enumerations need of a survey. */
export interface Enumeration {
  readonly session: Session;
  readonly found: TlsFindings;
  /** A handshake on a connection of its own, from which `found` learns; undefined where there was no connection. */
  ask(
    purpose: string,
    request: Omit<HandshakeRequest, 'patience'> & { readonly patience?: HandshakeRequest['patience'] },
  ): Promise<HandshakeResult | undefined>;
  /** All that may be offered in this version. */
  offerFor(version: string): Offer;
}

/** Removal hellos that met a limit on connections, and are sent again after it. */
const REPEATS_MAX = 3;

/** Suites by removal: what is accepted is left out of the next hello, until nothing is accepted. */
export async function suitesOf(survey: Enumeration, version: string): Promise<void> {
  const base = survey.offerFor(version);
  const most = PROFILE_LIMITS[survey.session.profile].suites;
  let repeats = 0;
  while ((survey.found.suites.get(version)?.length ?? 0) < most) {
    const known = [...(survey.found.suites.get(version) ?? [])];
    const cipherSuites = base.cipherSuites.filter((code) => !known.includes(CIPHER_SUITES.name(code)));
    if (cipherSuites.length === 0) return;
    const purpose = `${version} without ${known.length} known suites`;
    const result = await survey.ask(purpose, { offer: { ...base, cipherSuites }, goal: 'server-flight' });
    if (result !== undefined && isAccepted(result)) {
      if ((survey.found.suites.get(version)?.length ?? 0) > known.length) continue;
      survey.found.contradictions.add(`${version}: ${describeHandshake(result)}, a suite that was not offered`);
      return;
    }
    if (result?.end === 'refused' && result.refusal?.how === 'alert') return;
    // A limit on connections looks like a refusal without an alert: what worked before is asked again.
    const control = await stillAccepts(survey, base, known[0], version);
    if (control === 'at-once' && result?.end === 'refused') return;
    if (control === 'never' || ++repeats > REPEATS_MAX) {
      survey.found.stopped ??= 'connection-limit';
      return;
    }
  }
}

/** `later`: only after a pause, so that what was refused just before has to be asked again. */
async function stillAccepts(
  survey: Enumeration,
  base: Offer,
  suite: string | undefined,
  version: string,
): Promise<'at-once' | 'later' | 'never'> {
  if (suite === undefined) return 'at-once';
  const cipherSuites = base.cipherSuites.filter((code) => CIPHER_SUITES.name(code) === suite);
  for (const pause of [0, 1500, 4000]) {
    if (pause > 0) await survey.session.pause(pause);
    const offer = { ...base, cipherSuites };
    const result = await survey.ask(`${version}, control: ${suite}`, { offer, goal: 'server-flight' });
    if (result !== undefined && isAccepted(result)) return pause === 0 ? 'at-once' : 'later';
  }
  return 'never';
}

/** The accepted suites of the highest version in reverse order: who keeps his choice decides. */
export async function preferenceOf(survey: Enumeration): Promise<void> {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const known = survey.found.suites.get(version) ?? [];
    if (survey.found.versions.get(version) !== 'accepted' || known.length < 2) continue;
    const base = survey.offerFor(version);
    const codes = [...known]
      .reverse()
      .flatMap((name) => base.cipherSuites.filter((code) => CIPHER_SUITES.name(code) === name));
    const offer = { ...base, cipherSuites: codes };
    const result = await survey.ask(`${version}, suites in reverse order`, { offer, goal: 'server-flight' });
    const picked = result?.cipherSuite;
    survey.found.suitePreference =
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

/** By HelloRetryRequest in TLS 1.3, by ServerKeyExchange in 1.2. */
export async function groupsOf(survey: Enumeration, version: string): Promise<void> {
  const base = survey.offerFor(version);
  const suites = version === 'TLSv1.3' ? base.cipherSuites : base.cipherSuites.filter(isEphemeral);
  let left = GROUPS;
  while (left.length > 0) {
    const offer = { ...base, cipherSuites: suites, namedGroups: left, keyShares: [] };
    const result = await survey.ask(`${version}, groups: ${left.length} left`, { offer, goal: 'server-flight' });
    const code = result?.namedGroupCode;
    if (code === undefined || !left.includes(code)) return;
    left = left.filter((one) => one !== code);
  }
}

export async function schemesOf(survey: Enumeration, version: string): Promise<void> {
  const base = survey.offerFor(version);
  const suites = version === 'TLSv1.3' ? base.cipherSuites : base.cipherSuites.filter(isEphemeral);
  let left = SIGNATURE_SCHEMES;
  while (left.length > 0) {
    const offer = { ...base, cipherSuites: suites, signatureSchemes: left };
    const result = await survey.ask(`${version}, signature schemes: ${left.length} left`, {
      offer,
      goal: 'server-flight',
    });
    const name = result !== undefined && isAccepted(result) ? result.signatureScheme : undefined;
    const code = left.find((one) => signatureSchemeName(one) === name);
    if (code === undefined) return;
    left = left.filter((one) => one !== code);
  }
}
function isEphemeral(code: number): boolean {
  return forwardSecret(CIPHER_SUITES.name(code));
}
