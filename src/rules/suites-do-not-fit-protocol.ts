import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { suiteProperties } from '../tls/cipher-suites.ts';
import { remedy, SECURITY_SSL_PAGE, STRONG_SUITES } from './support/remedies.ts';
import { complain, type SuitePromise, suitePromises } from './support/settings.ts';

/** Suites of TLS 1.3 under TLS 1.2 and the other way round. */
export const rule: ConfigurationRule = {
  id: 'suites-do-not-fit-protocol',
  scope: 'configuration',
  title: 'Cipher suites of another protocol version',
  severity: 'high',
  rationale:
    'TLS 1.3 has suites of its own, which TLS 1.2 does not know, and knows none of the older ones. Where the list has none for the protocol that is set, every handshake fails with no cipher suites in common, or with no message at all. Flink speaks one protocol only on its internal channels.',
  decides:
    'Compares the suites that are promised for a channel with its protocols: suites of TLS 1.3 under TLSv1.2 and older, older ones under TLSv1.3. High where none fits, low where some are left over; names that no registry knows do not count.',
  verdicts: {
    pass: 'every suite is one of the protocol',
    fail: 'none fits and no handshake succeeds, or some are never used',
    'not-applicable': 'TLS is off, or the configuration decides neither suites nor protocol on any channel',
  },
  remediation: remedy('Set protocol and suites together on every process.', {
    'security.ssl.protocol': 'TLSv1.2',
    'security.ssl.algorithms': STRONG_SUITES,
  }),
  references: [SECURITY_SSL_PAGE, 'https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2'],

  appliesTo: (subject: ConfigurationSubject): boolean => pairs(subject).length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const judgements = pairs(subject).flatMap((promise) => judge(promise, subject));
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

type Pair = SuitePromise & { readonly protocols: readonly string[] };

function pairs(subject: ConfigurationSubject): readonly Pair[] {
  return suitePromises(subject).filter((one): one is Pair => one.protocols !== undefined);
}

function judge({ channel, protocols, cipherSuites }: Pair, subject: ConfigurationSubject): Judgement[] {
  const fits = cipherSuites.filter((suite) => protocols.some((protocol) => isOf(suite, protocol)));
  if (fits.length === cipherSuites.length) return [];
  const { configuration } = subject;
  const setting =
    configuration.setting('security.ssl.algorithms') ?? configuration.settingOr('security.ssl.protocol', 'TLSv1.2');
  const strange = cipherSuites.filter((suite) => !fits.includes(suite));
  const none = fits.length === 0;
  return [
    complain(setting, subject, {
      channel,
      severity: none ? 'high' : 'low',
      message: none
        ? `None of the suites is one of ${protocols.join(', ')}: no handshake can succeed.`
        : `${strange.length} of the ${cipherSuites.length} suites ${strange.length === 1 ? 'is' : 'are'} none of ${protocols.join(', ')} and never used.`,
      expected: `suites of ${protocols.join(', ')}`,
      observed: strange.join(', '),
    }),
  ];
}

function isOf(suite: string, protocol: string): boolean {
  const { keyExchange } = suiteProperties(suite);
  if (keyExchange === 'unknown') return true;
  return (keyExchange === 'TLS13') === (protocol === 'TLSv1.3');
}
