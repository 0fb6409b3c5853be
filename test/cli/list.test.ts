import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadProbes, loadRules } from '../../src/evaluate/directory.ts';

const [rules, probes] = await Promise.all([loadRules(), loadProbes()]);
const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

function flinkprobe(...args: readonly string[]) {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('FLINKPROBE_'));
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env: Object.fromEntries(kept) });
}

t.test('list --format json prints all that a program needs of rules, channels and formats', async (t) => {
  const listed = JSON.parse(flinkprobe('list', 'rules', '--format', 'json').stdout) as readonly { id: string }[];
  t.strictSame(
    listed.map(({ id }) => id),
    rules.map(({ id }) => id),
  );
  t.match(
    listed.find(({ id }) => id === 'plaintext-channel'),
    {
      severity: 'critical',
      scope: 'endpoint',
      witnesses: ['wire', 'handshake', 'promise', 'record'],
      verdicts: { pass: String, fail: String, inconclusive: String, 'not-applicable': String },
      remediation: { settings: { 'security.ssl.internal.enabled': 'true' } },
    },
  );
  const channels = JSON.parse(flinkprobe('list', 'channels', '--format=json').stdout) as readonly { id: string }[];
  t.equal(channels.length, probes.length);
  t.match(
    channels.find(({ id }) => id === 'blob-server'),
    { protection: 'internal', defaultPorts: [6124], ask: { logLines: { clear: 1, tls: 1 } } },
  );
  t.match(
    channels.find(({ id }) => id === 'collect-sink'),
    { ask: null },
  );
  t.ok((JSON.parse(flinkprobe('list', 'formats', '--format', 'json').stdout) as string[]).includes('nagios'));
  t.match(JSON.parse(flinkprobe('list', 'formats', '--schema', '--format', 'json').stdout), { type: 'object' });
});

t.test('an id that is none ends with 3 and names the nearest', async (t) => {
  const slipped = flinkprobe('explain', 'plaintext-chanel');
  t.equal(slipped.status, 3);
  t.equal(slipped.stdout, '');
  t.match(slipped.stderr, /there is no rule[^"]* "plaintext-chanel" \(nearest: plaintext-channel/);
  const strange = flinkprobe('explain', 'qqqqqq');
  t.equal(strange.status, 3);
  t.match(strange.stderr, /\(flinkprobe list rules\)/);
});

t.test('without an id every rule and channel stands in a line of its own', async (t) => {
  const lines = flinkprobe('explain').stdout.trimEnd().split('\n');
  for (const { id, title } of [...rules, ...probes])
    t.ok(
      lines.some((line) => line.startsWith(`  ${id} `) && line.endsWith(`  ${title}`)),
      id,
    );
});
