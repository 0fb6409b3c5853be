import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { certificateText } from './support/certificates.ts';
import { remedy } from './support/remedies.ts';
import { complain, listOf } from './support/settings.ts';
import { leafOf } from './support/stores.ts';

/** A pin that is not that of the keystore beside it: no member that shares the pair can connect. */
export const rule: ConfigurationRule = {
  id: 'pin-does-not-match-keystore',
  scope: 'configuration',
  title: 'Certificate pin is not that of the keystore',
  severity: 'high',
  rationale:
    'A pin takes the place of every other check: only a peer whose leaf has this SHA-1 is let in. All processes share one certificate, so that a pin that was not renewed with the keystore shuts all of them out, with certificate unknown fingerprint in the logs (seen on 1.20.3).',
  decides:
    'Compares security.ssl.internal.cert.fingerprint and security.ssl.rest.cert.fingerprint with the SHA-1 of the leaf in the keystore of the same family. High for the internal pin, low for that of REST, which may be meant for the certificates of clients.',
  verdicts: {
    pass: 'the leaf of the keystore is among the pins; what is no SHA-1 is told by pin-not-sha1',
    fail: 'the pin is that of another certificate',
    'not-applicable': 'no pin is set, TLS of its family is off, or the keystore could not be opened',
  },
  remediation: remedy(
    'Set the SHA-1 of the leaf that the keystore holds now, on every process, and restart them together.',
  ),
  references: [
    'FLINK-15174',
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/',
  ],

  appliesTo: (subject: ConfigurationSubject): boolean => pinned(subject).length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const judgements = pinned(subject).flatMap(({ family, pin, sha1, text, path }): Judgement[] => {
      const pins = listOf(pin).map((one) => one.replaceAll(':', '').toLowerCase());
      // What is no SHA-1 is another rule's.
      if (pins.includes(sha1) || pins.some((one) => !/^[0-9a-f]{40}$/.test(one))) return [];
      const internal = family === 'internal';
      return [
        complain(pin, subject, {
          channel: internal ? 'jobmanager-rpc' : 'rest',
          // The REST pin may be meant for the certificates of clients.
          severity: internal ? 'high' : 'low',
          message: `The pin is not that of ${text} in ${path}${internal ? ': ports open, and no process lets another in' : ''}.`,
          expected: sha1,
          observed: pins.join(', '),
          remediation: remedy(rule.remediation.text, { [pin.key]: sha1 }),
        }),
      ];
    });
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

interface Pinned {
  readonly family: 'internal' | 'rest';
  readonly pin: Setting;
  readonly sha1: string;
  readonly text: string;
  readonly path: string;
}

function pinned({ configuration, stores }: ConfigurationSubject): readonly Pinned[] {
  return (['internal', 'rest'] as const).flatMap((family): Pinned[] => {
    const pin = configuration.setting(`security.ssl.${family}.cert.fingerprint`);
    const keystore = stores.find(({ use }) => use.family === family && use.role === 'keystore')?.store;
    const leaf = keystore === undefined ? undefined : leafOf(keystore);
    if (pin === undefined || keystore === undefined || leaf === undefined) return [];
    return [{ family, pin, sha1: leaf.sha1, text: certificateText(leaf), path: keystore.path }];
  });
}
