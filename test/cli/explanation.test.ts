import fc from 'fast-check';
import t from 'tap';
import { CHANNEL_SIGNATURES } from '../../src/cli/channel-signatures.ts';
import { explainChannel, explainRule } from '../../src/cli/explanation.ts';
import { flinkDefault } from '../../src/cli/flink-defaults.ts';
import { judgingRules } from '../../src/cli/judging-rules.ts';
import { nearest } from '../../src/cli/nearest.ts';
import { loadProbes, loadRules } from '../../src/evaluate/directory.ts';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import { displayWidth } from '../../src/report/layout.ts';

const [rules, probes] = await Promise.all([loadRules(), loadProbes()]);
const words = (lines: readonly string[]): string => lines.join(' ').replaceAll(/\s+/g, ' ');
const rule = (id: string) => rules.find((one) => one.id === id)!;
const probe = (id: string) => probes.find((one) => one.id === id)!;
const channel = (id: string, width = 100) => explainChannel(probe(id), probes, rules, width);

t.test('a rule is told with all that it says of itself, at every width', async (t) => {
  for (const width of [64, 80, 100])
    for (const one of rules) {
      const text = words(explainRule(one, width));
      for (const part of [one.title, one.rationale, one.decides, one.remediation.text, ...one.references])
        t.ok(text.includes(words([part])), `${one.id} at ${width}: ${part.slice(0, 40)}`);
      for (const [verdict, meaning] of Object.entries(one.verdicts))
        t.ok(text.includes(`${verdict} ${meaning}`), `${one.id} at ${width}: ${verdict}`);
      for (const [key, value] of Object.entries(one.remediation.settings))
        t.ok(text.includes(`${key}: ${value}`), `${one.id} at ${width}: ${key}`);
    }
});

t.test(
  'lines are as wide as the terminal at most, but for keys, commands and addresses, which are copied',
  async (t) => {
    for (const width of [60, 80, 100]) {
      const lines = [
        ...rules.flatMap((one) => explainRule(one, width)),
        ...probes.flatMap(({ id }) => channel(id, width)),
      ];
      const long = lines.filter((line) => displayWidth(line) > width);
      t.strictSame(
        long.filter((line) => !/^ {2}(?:https:\/\/|.*[:,] )|^ {4}[\w.-]+: |^[a-z0-9-]+ {2}|^ {4}\w/.test(line)),
        [],
        `at ${width}`,
      );
    }
  },
);

t.test('only verdicts that the rule can give are told', async (t) => {
  t.notMatch(words(explainRule(rule('capture-lost-packets'), 100)), / fail /);
  t.match(words(explainRule(rule('probe-incomplete'), 100)), / error the probe itself failed/);
});

t.test('a channel is told with its keys and what holds where they are not set', async (t) => {
  const text = words(channel('jobmanager-rpc'));
  t.match(text, /jobmanager\.rpc\.port default: 6123/);
  t.match(text, /security\.ssl\.internal\.enabled default: false; up to 1\.20/);
  t.match(text, /before TLS_RSA_WITH_AES_128_CBC_SHA alone/);
  t.match(text, /HEARTBEAT\. On a port in clear it costs no line/);
  t.match(text, /plaintext-channel +critical/);
  t.match(words(channel('collect-sink')), /this port is never asked in clear/);
  t.match(words(channel('blob-server')), /costs one line in Flink's log, on one that speaks TLS one line/);
  t.match(
    words(channel('history-server')),
    /historyserver\.web\.ssl\.enabled default: false, also where REST TLS is on/,
  );
  t.match(words(channel('jmx')), /JRMI of Java RMI/);
});

t.test('every key of a channel has a default, and it is the one that its promise says', async (t) => {
  for (const { id, settings } of probes)
    for (const key of [...settings.port, ...settings.tls]) t.ok(flinkDefault(key), `${id}: ${key}`);
  for (const version of ['1.16.3', '1.17.2', '1.18.1', '1.20.3', '2.3.0']) {
    // A switch that is on shows the next one, which is off by default or on.
    for (const on of [[], ['security.ssl.internal.enabled: true', 'security.ssl.rest.enabled: true']]) {
      const name = version.startsWith('2') ? 'config.yaml' : 'flink-conf.yaml';
      const configuration = parseFlinkConfiguration([{ name, text: `${on.join('\n')}\n` }], {
        member: null,
        flinkVersion: version,
      });
      for (const { id, expect } of probes)
        for (const { key, value, origin } of expect(configuration)?.because ?? []) {
          if (origin !== 'default' || !/ssl/.test(key) || key === 'akka.ssl.enabled') continue;
          t.equal(flinkDefault(key)?.split(/[;,]/)[0], value, `${id} ${version}: ${key}`);
        }
    }
  }
});

t.test('rules that judge a channel are those that apply to something of it', async (t) => {
  const ids = (id: string) => judgingRules(probe(id), probes, rules).map((one) => one.id);
  t.ok(ids('rest').includes('rest-open-to-all') && !ids('rest').includes('no-client-authentication'));
  t.ok(ids('blob-server').includes('no-client-authentication') && !ids('blob-server').includes('rest-open-to-all'));
  t.ok(ids('taskmanager-data').includes('data-certificate-does-not-name-host'));
  t.ok(ids('prometheus').includes('plaintext-unprotectable') && !ids('prometheus').includes('plaintext-channel'));
  t.notOk(ids('prometheus').includes('expired-certificate'), 'no rule about TLS where there is none');
  t.ok(ids('checkpoint-storage').includes('plaintext-external-system'));
  for (const { id } of probes) t.ok(ids(id).length > 3, id);
});

t.test('every channel has a sentence on how it is known', async (t) => {
  t.strictSame(Object.keys(CHANNEL_SIGNATURES).sort(), probes.map(({ id }) => id).sort());
  for (const [id, text] of Object.entries(CHANNEL_SIGNATURES)) t.match(text, /^[A-Z].{30,}\.$/, id);
});

t.test('an id with slips, in parts or in another order finds what was meant', async (t) => {
  const ids = [...rules, ...probes].map(({ id }) => id);
  for (const [asked, meant] of [
    ['plaintext-chanel', 'plaintext-channel'],
    ['expird-certificate', 'expired-certificate'],
    ['Expired Certificate', 'expired-certificate'],
    ['certificate expired', 'expired-certificate'],
    ['blobserver', 'blob-server'],
    ['jobmanager', 'jobmanager-rpc'],
    ['no_client_authentication', 'no-client-authentication'],
  ] as const)
    t.equal(nearest(asked, ids)[0], meant, asked);
  t.strictSame(nearest('', ids), []);
  t.strictSame(nearest('x'.repeat(500), ids), []);
  fc.assert(
    fc.property(fc.constantFrom(...ids), fc.nat(), (id, at) => {
      const place = at % id.length;
      const slipped = `${id.slice(0, place)}${id.slice(place + 1)}`;
      return nearest(slipped, ids).includes(id);
    }),
  );
});
