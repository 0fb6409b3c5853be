import t from 'tap';
import type { SettingDifference } from '../../src/model/report.ts';
import { rule } from '../../src/rules/log-and-configuration-differ.ts';
import { logLine } from '../support/log-lines.ts';
import { finding, tls, verdict } from '../support/observations.ts';

const PORT: SettingDifference = {
  key: 'rest.port',
  logged: '8081',
  line: 40,
  configured: '8082',
  file: 'conf/config.yaml',
  configuredLine: 3,
};
const SWITCH: SettingDifference = {
  key: 'security.ssl.internal.enabled',
  logged: null,
  configured: 'true',
  file: 'conf/config.yaml',
  configuredLine: 12,
};

t.test('tells key, both values and both places', async (t) => {
  const found = finding(rule, [logLine('configuration-differs', { differences: [PORT] })]);
  t.match(found, { severity: 'medium', file: { path: 'logs/flink.log', member: 'jm' } });
  t.equal(found.message, 'jm runs with other values than its configuration has now: rest.port.');
  t.equal(found.expected, 'rest.port: 8082 (config.yaml:3)');
  t.equal(found.evidence[0]?.text, 'line 40: rest.port: 8081; configured: 8082 (config.yaml:3)');
});

t.test('is worse where a switch of TLS differs, and names that alone', async (t) => {
  const found = finding(rule, [logLine('configuration-differs', { differences: [PORT, SWITCH] })]);
  t.equal(found.severity, 'high');
  t.match(found.message, /has now: security\.ssl\.internal\.enabled\.$/);
  t.match(found.observed, /^2 properties logged otherwise: .*security\.ssl\.internal\.enabled: not set$/);
});

t.test(
  'passes a process that runs with its configuration, and does not apply where nothing was compared',
  async (t) => {
    t.equal(verdict(rule, [logLine('configuration-differs', { differences: [] })]), 'pass');
    t.equal(verdict(rule, [logLine('configuration-loaded')]), 'not-applicable');
    t.equal(verdict(rule, [tls()]), 'not-applicable');
  },
);
