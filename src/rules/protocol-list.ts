import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { complain, internalSwitch, isOn, listOf, restSwitch } from './support/settings.ts';

const KEY = 'security.ssl.protocol';
const NAMES: readonly string[] = ['SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
const OLD: readonly string[] = ['SSLv3', 'TLSv1', 'TLSv1.1'];

/** `security.ssl.protocol` with several values, an unknown one, or one below TLS 1.2. */
export const rule: ConfigurationRule = {
  id: 'protocol-list',
  scope: 'configuration',
  title: 'Protocol setting that Flink cannot use, or should not',
  severity: 'high',
  rationale:
    'RPC writes the value of security.ssl.protocol unquoted into its own configuration, where a comma ends it: with a list no process starts (FLINK-39635, FLINK-40727). Versions below TLS 1.2 are broken, and current Java versions have disabled them.',
  decides:
    'Reads security.ssl.protocol where TLS is on. Several values (with internal TLS), a name that Java does not know, and SSLv3, TLSv1 or TLSv1.1 count.',
  verdicts: {
    pass: 'one value that Flink and Java take, TLS 1.2 or newer',
    fail: 'no process starts with this value, or it is older than TLS 1.2',
    'not-applicable': 'the key is not set, or TLS is off',
  },
  remediation: remedy('Give one value, the same on every process, and restart them together.', { [KEY]: 'TLSv1.2' }),
  references: [SECURITY_SSL_PAGE, 'https://www.rfc-editor.org/rfc/rfc8996', 'FLINK-39635', 'FLINK-40727'],

  appliesTo: (subject: ConfigurationSubject): boolean =>
    subject.configuration.setting(KEY) !== undefined && (isOn(internalSwitch(subject)) || isOn(restSwitch(subject))),

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const setting = subject.configuration.setting(KEY)!;
    const message = faultOf(listOf(setting), isOn(internalSwitch(subject)));
    if (message === undefined) return [{ verdict: 'pass' }];
    return [
      complain(setting, subject, { message, expected: 'TLSv1.2 or TLSv1.3, one value', observed: setting.value }),
    ];
  },
};

function faultOf(values: readonly string[], internal: boolean): string | undefined {
  const old = values.filter((one) => OLD.includes(one));
  const unknown = values.filter((one) => !NAMES.includes(one));
  if (values.length > 1 && internal)
    return `A list of ${values.length} protocols: RPC cannot read it and no process starts.`;
  if (unknown.length > 0) return `Java knows no protocol ${unknown.join(', ')}: the process does not start.`;
  if (old.length > 0) return `${old.join(', ')} is older than TLS 1.2.`;
  return undefined;
}
