import type { Probe } from '../model/probe.ts';
import type { Expectation, Observation, TlsDetails } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Rule, RuleContext } from '../model/rule.ts';

/**
 * Rules that judge endpoints of a channel, found by asking each whether it applies to what can be seen of one: clear text
 * and TLS, captured and asked, with a configuration that promises TLS and without. Rules of configurations, stores and the
 * whole run name the channel only when they judge, and are not among them.
 */
export function judgingRules(probe: Probe, probes: readonly Probe[], rules: readonly Rule[]): readonly EndpointRule[] {
  const seen = subjects(probe);
  const context: RuleContext = {
    now: 0,
    // The newest that is known: rules for old versions apply to none that is known.
    flinkVersion: '2.3.0',
    probes: new Map(probes.map((one) => [one.id, one])),
    expiry: { mediumDays: 0, highDays: 0 },
    expectationFor: () => undefined,
  };
  return rules.filter(
    (rule): rule is EndpointRule => rule.scope === 'endpoint' && seen.some((one) => rule.appliesTo(one, context)),
  );
}

function subjects(probe: Probe): readonly EndpointSubject[] {
  const server = { host: 'host', port: probe.defaultPorts[0] ?? 1, component: probe.component } as const;
  const base: Omit<Observation, 'kind' | 'vantage'> = {
    id: 'o1',
    observedAt: '',
    lastSeenAt: '',
    channel: probe.id,
    channelBasis: 'protocol',
    roleBasis: 'protocol',
    server,
    bytes: { client: 1, server: 1 },
  };
  const observations: readonly Observation[] = (['passive', 'active'] as const).flatMap((vantage) => [
    { ...base, vantage, kind: 'plaintext' },
    // A channel without TLS shows none.
    ...(probe.protection === 'never' ? [] : [{ ...base, vantage, kind: 'tls', tls: TLS } as const]),
  ]);
  return observations.flatMap((observation) =>
    expectations(probe).map((expectation) => ({
      scope: 'endpoint',
      channel: probe.id,
      probe,
      server,
      observations: [observation],
      ...(expectation === undefined ? {} : { expectation }),
    })),
  );
}

function expectations({ id, protection }: Probe): readonly (Expectation | undefined)[] {
  const base = { channel: id, member: null, basis: 'configuration', because: [] } as const;
  if (protection === 'never') return [undefined, { ...base, tls: 'impossible', clientAuthentication: 'none' }];
  const lists = { protocols: ['TLSv1.2'], cipherSuites: ['TLS_AES_128_GCM_SHA256'] } as const;
  // What no key of Flink switches on it promises neither versions nor suites of.
  const promised = protection === 'outside' ? {} : lists;
  return [undefined, { ...base, tls: 'required', clientAuthentication: 'required', ...promised }];
}

const NO_RECORDS = { handshake: 0, changeCipherSpec: 0, alert: 0, applicationData: 0 } as const;
const TLS: TlsDetails = {
  outcome: 'established',
  resumed: false,
  startedAtOffset: 0,
  version: 'TLSv1.2',
  alpn: [],
  alerts: [],
  records: { client: NO_RECORDS, server: NO_RECORDS },
  serverCertificate: { seen: 'absent' },
  clientCertificate: { seen: 'absent' },
  clientAuthentication: {
    verdict: 'unknown',
    presented: 'unknown',
    basis: 'messages',
    certificateAuthorities: [],
    certificateTypes: [],
  },
};
