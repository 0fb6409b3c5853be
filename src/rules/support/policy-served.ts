import type { ServedAspect } from '../../model/policy.ts';
import type { EndpointSubject } from '../../model/rule.ts';
import { isCbc, suiteProperties } from '../../tls/cipher-suites.ts';
import { isServedInClear, isServedInTls } from './clear.ts';
import {
  type Chosen,
  chosenSuites,
  chosenVersions,
  type TlsObservation,
  tlsObservations,
  withoutServerHello,
} from './handshakes.ts';
import { distinct } from './text.ts';

/** A value that an endpoint was seen to serve, and the observations that show it. */
export interface ServedValue {
  readonly value: string;
  readonly observations: EndpointSubject['observations'];
}

/**
 * What was seen of one aspect. `whole`: nothing else is served, as far as probes tell. `hidden`: whether anything of it
 * is served was not seen, and `because` says why. `none`: it does not come up here.
 */
export type Served =
  | { readonly seen: 'whole' | 'part'; readonly values: readonly ServedValue[] }
  | { readonly seen: 'hidden'; readonly because: string }
  | { readonly seen: 'none' };

export function servedValues(aspect: ServedAspect, subject: EndpointSubject): Served {
  if (aspect === 'tls') return tlsValues(subject);
  const handshakes = tlsObservations(subject.observations);
  if (handshakes.length === 0) return { seen: 'none' };
  switch (aspect) {
    case 'client-authentication':
      return demands(handshakes);
    case 'protocol':
      return ofChosen(chosenVersions(handshakes), subject);
    case 'cipher-suite':
      return ofChosen(chosenSuites(handshakes), subject);
    case 'named-group':
      return groups(handshakes, subject);
    case 'dh-bits':
      return ofSuites(handshakes, subject, isFiniteField, ({ tls }) => tls.dh?.bits.toString());
    case 'encrypt-then-mac':
      return ofSuites(handshakes, subject, isCbc, ({ tls }) => (tls.encryptThenMac === true ? 'on' : 'off'));
  }
}

function tlsValues({ observations }: EndpointSubject): Served {
  const off = observations.filter(isServedInClear);
  const on = observations.filter(isServedInTls);
  const values = [
    ...(off.length === 0 ? [] : [{ value: 'off', observations: off }]),
    ...(on.length === 0 ? [] : [{ value: 'on', observations: on }]),
  ];
  if (values.length > 0) return { seen: 'whole', values };
  return { seen: 'hidden', because: 'nothing was served, neither in TLS nor in clear' };
}

/** Whoever lets one client in without a certificate demands it of nobody. */
function demands(handshakes: readonly TlsObservation[]): Served {
  const answered = handshakes.filter(({ answer, tls }) => answer === undefined && tls.version !== undefined);
  if (answered.length === 0) return { seen: 'none' };
  const told = answered.map((one) => ({ one, demand: demandOf(one) }));
  const open = told.filter(({ demand }) => demand === 'none').map(({ one }) => one);
  if (open.length > 0) return { seen: 'whole', values: [{ value: 'none', observations: open }] };
  const closed = told.filter(({ demand }) => demand === 'required').map(({ one }) => one);
  const isUntold = told.some(({ one, demand }) => demand === undefined && one.vantage === 'active');
  if (closed.length === 0 || isUntold)
    return { seen: 'hidden', because: 'no handshake shows whether a client certificate is demanded' };
  return { seen: 'whole', values: [{ value: 'required', observations: closed }] };
}

/** A probe says `requested` only where the server went on without a certificate. */
function demandOf({ tls }: TlsObservation): 'required' | 'none' | undefined {
  const { verdict, presented, byVersion = {}, basis } = tls.clientAuthentication;
  const all = [verdict, ...Object.values(byVersion)];
  if (all.includes('not-requested')) return 'none';
  if (basis === 'probe') {
    if (all.includes('requested')) return 'none';
    return all.includes('unknown') ? undefined : 'required';
  }
  const isWithout = presented === 'none' || presented === 'empty';
  if (verdict === 'requested' && isWithout && tls.outcome === 'established') return 'none';
  return verdict === 'unknown' ? undefined : 'required';
}

function ofChosen(chosen: readonly Chosen[], subject: EndpointSubject): Served {
  if (chosen.length === 0) return nothingChosen(subject);
  return { seen: extent(subject), values: chosen };
}

function nothingChosen(subject: EndpointSubject): Served {
  return withoutServerHello(subject) === 'inconclusive'
    ? { seen: 'hidden', because: 'no ServerHello was captured' }
    : { seen: 'none' };
}

/** A probe that asked all its questions has heard all that is accepted. */
function extent({ observations }: EndpointSubject): 'whole' | 'part' {
  return observations.some(({ vantage, asked }) => vantage === 'active' && asked?.complete === true) ? 'whole' : 'part';
}

/** Static RSA has no group: nothing comes up where nothing ephemeral was chosen. */
function groups(handshakes: readonly TlsObservation[], subject: EndpointSubject): Served {
  const valuesOf = ({ tls }: TlsObservation): readonly (string | undefined)[] => [
    tls.namedGroup,
    ...(tls.accepted?.namedGroups ?? []),
  ];
  const values = distinct(handshakes.flatMap(valuesOf));
  if (values.length > 0)
    return {
      seen: extent(subject),
      values: values.map((value) => ({
        value,
        observations: handshakes.filter((one) => valuesOf(one).includes(value)),
      })),
    };
  const suites = chosenSuites(handshakes);
  if (suites.length === 0) return nothingChosen(subject);
  const isCurve = suites.some(({ value }) => ['ECDHE', 'TLS13'].includes(suiteProperties(value).keyExchange));
  return isCurve ? { seen: 'hidden', because: 'no handshake shows the group of its key exchange' } : { seen: 'none' };
}

function isFiniteField(suite: string): boolean {
  return suiteProperties(suite).keyExchange === 'DHE';
}

/** What comes only with some suites: met where such suites were looked for and none was seen. */
function ofSuites(
  handshakes: readonly TlsObservation[],
  subject: EndpointSubject,
  isMeant: (suite: string) => boolean,
  shownBy: (one: TlsObservation) => string | undefined,
): Served {
  const suites = chosenSuites(handshakes);
  if (suites.length === 0) return nothingChosen(subject);
  const shown = distinct(suites.filter(({ value }) => isMeant(value)).flatMap(({ observations }) => observations));
  if (shown.length === 0) return { seen: extent(subject), values: [] };
  const values = distinct(shown.map(shownBy));
  if (values.length === 0) return { seen: 'hidden', because: 'no handshake shows it' };
  return {
    seen: extent(subject),
    values: values.map((value) => ({ value, observations: shown.filter((one) => shownBy(one) === value) })),
  };
}
