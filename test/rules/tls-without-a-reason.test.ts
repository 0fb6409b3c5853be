import t from 'tap';
import { rule } from '../../src/rules/tls-without-a-reason.ts';
import { active, clear, finding, promise, tls, verdict } from '../support/observations.ts';

const OFF = { key: 'security.ssl.rest.enabled', value: 'false', file: 'jm/config.yaml', line: 12 };
const SILENT = { key: 'security.ssl.rest.enabled', value: 'false', origin: 'default' } as const;
const promised = (because: Parameters<typeof promise>[1]) => ({
  expectations: [promise('rest', { tls: 'forbidden', clientAuthentication: 'none', ...because })],
});

t.test('tells TLS that the configuration of that member switches off, with key, file and line', async (t) => {
  const found = finding(rule, [tls({ channel: 'rest' })], promised({ because: [OFF] }));
  t.match(found, { severity: 'medium', channel: 'rest', endpoint: { member: 'jm' } });
  t.match(found.message, /although its configuration switches it off: a proxy, ingress or mesh/);
  t.match(found.evidence, [
    { text: 'security.ssl.rest.enabled: false (line 12)', file: 'jm/config.yaml' },
    { frame: Number },
  ]);
  t.match(found.witnesses, { wire: 'pass', handshake: 'not-heard', promise: 'fail' });
});

t.test('is low where the configuration is silent, or nobody knows whose port it is', async (t) => {
  t.match(finding(rule, [active({ channel: 'rest' })], promised({ because: [SILENT] })), {
    severity: 'low',
    message: /although no configuration switches it on/,
    witnesses: { wire: 'not-heard', handshake: 'pass', promise: 'fail' },
  });
  const nameless = tls({ channel: 'rest', server: { host: '10.77.0.1' } });
  t.equal(finding(rule, [nameless], promised({ because: [OFF] })).severity, 'low');
});

t.test('passes clear text where clear text is configured', async (t) => {
  t.equal(verdict(rule, [clear({ channel: 'rest' })], promised({ because: [OFF] })), 'pass');
});

t.test('does not apply without a configuration, or where it asks for TLS', async (t) => {
  t.equal(verdict(rule, [tls({ channel: 'rest' })]), 'not-applicable');
  t.equal(verdict(rule, [tls({ channel: 'rest' })], { expectations: [promise('rest')] }), 'not-applicable');
});
