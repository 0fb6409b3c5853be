import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { complain, internalSwitch, isOn, listOf, restSwitch, storeSetting } from './support/settings.ts';

const SHA1_DIGITS = 40;
const SHA256_DIGITS = 64;

/** A certificate pin that Flink cannot read, or does not apply. */
export const rule: ConfigurationRule = {
  id: 'pin-not-sha1',
  scope: 'configuration',
  title: 'Certificate pin that Flink cannot use',
  severity: 'high',
  rationale:
    'Flink takes a pin as the SHA-1 of the leaf certificate and nothing else. With a SHA-256 pin the JobManager does not start: malformed fingerprint, length is 32 but expected 20 (seen on 1.20.3). On REST a pin is passed over in silence where no truststore is named.',
  decides:
    'Where TLS is on: every value of the pin has to be 40 hexadecimal digits, colons aside. From Flink 1.18 on a REST pin without a REST truststore is told as well (medium), since Flink passes over it.',
  verdicts: {
    pass: 'every pin is a SHA-1 that Flink applies',
    fail: 'Flink does not start with the pin, or passes over it',
    'not-applicable': 'no pin is set, or TLS of its family is off',
  },
  remediation: remedy(
    'Set the SHA-1 fingerprint of the leaf, as keytool -list prints it, on every process; a pin replaces the check of the chain.',
  ),
  references: [SECURITY_SSL_PAGE, 'FLINK-15174'],

  appliesTo: (subject: ConfigurationSubject): boolean => pins(subject).length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const judgements = pins(subject).flatMap(({ family, setting }): Judgement[] => {
      const wrong = listOf(setting).filter((pin) => !isSha1(pin));
      if (wrong.length > 0) return [malformed(wrong[0]!, family, setting, subject)];
      const dropped =
        family === 'rest' &&
        subject.configuration.atLeast('1.18') &&
        storeSetting(subject, 'rest', 'truststore') === undefined;
      return dropped ? [ignored(setting, subject)] : [];
    });
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

interface Pin {
  readonly family: 'internal' | 'rest';
  readonly setting: Setting;
}

function pins(subject: ConfigurationSubject): readonly Pin[] {
  return (['internal', 'rest'] as const).flatMap((family): Pin[] => {
    const setting = subject.configuration.setting(`security.ssl.${family}.cert.fingerprint`);
    const on = isOn(family === 'internal' ? internalSwitch(subject) : restSwitch(subject));
    return setting === undefined || !on ? [] : [{ family, setting }];
  });
}

function isSha1(pin: string): boolean {
  return digitsOf(pin).length === SHA1_DIGITS && /^[0-9a-f]+$/i.test(digitsOf(pin));
}

function digitsOf(pin: string): string {
  return pin.replaceAll(':', '');
}

function malformed(pin: string, family: Pin['family'], setting: Setting, subject: ConfigurationSubject): Judgement {
  const length = digitsOf(pin).length;
  const kind = length === SHA256_DIGITS ? 'a SHA-256 fingerprint' : `of ${length} digits`;
  return complain(setting, subject, {
    channel: family === 'rest' ? 'rest' : 'jobmanager-rpc',
    message: `The pin is ${kind}; Flink takes SHA-1 only and does not start with it.`,
    expected: `${SHA1_DIGITS} hexadecimal digits`,
    observed: `${length} characters`,
  });
}

function ignored(setting: Setting, subject: ConfigurationSubject): Judgement {
  return complain(setting, subject, {
    channel: 'rest',
    severity: 'medium',
    message: 'The pin is passed over: without security.ssl.rest.truststore Flink builds no trust manager for REST.',
    expected: 'security.ssl.rest.truststore beside the pin',
    observed: 'no REST truststore',
  });
}
