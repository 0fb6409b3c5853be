import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { Unusable } from '../../src/cli/failure.ts';
import { waiversCheck } from '../../src/cli/waivers-check.ts';
import { parseWaivers } from '../../src/cli/waivers-file.ts';
import { waiversStatus } from '../../src/cli/waivers-status.ts';
import type { Report } from '../../src/model/report.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { flinkprobe } from '../support/command-line.ts';
import { codeBlocks } from '../support/markdown.ts';
import { read } from '../support/repository.ts';
import { temporary } from '../support/temporary.ts';

const folder = temporary();

const RULES = ['plaintext-channel', 'expired-certificate'];
const NOW = '2026-11-22T18:00:00Z';

interface Entry {
  readonly id?: string;
  readonly scope?: string;
  readonly until?: string;
}

const entry = ({ id = 'w1', scope = '{ rule: plaintext-channel }', until = '2026-12-31' }: Entry = {}): string =>
  [`  - id: ${id}`, `    scope: ${scope}`, '    owner: sec', '    reason: behind a VPN', `    until: ${until}`].join(
    '\n',
  );
const fileOf = (...entries: readonly string[]): string => `version: 1\nwaivers:\n${entries.join('\n')}\n`;

function written(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

function faults(text: string): readonly string[] {
  try {
    parseWaivers(text, 'w.yaml', RULES);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    return error.message.split('\n');
  }
  return [];
}

t.test('what is wrong is told with file, line, column and what was meant', async (t) => {
  const cases: readonly (readonly [name: string, text: string, expected: readonly RegExp[]])[] = [
    ['empty', '', [/^w\.yaml:1:1: is empty/]],
    ['no list', 'version: 1\nwaivers: x\n', [/^w\.yaml:2:10: waivers is no list$/]],
    ['no version', 'waivers: []\n', [/^w\.yaml:1:1: version is missing$/]],
    [
      'unknown key on top',
      'version: 1\nwaiver: []\nwaivers: []\n',
      [/^w\.yaml:2:1: "waiver" is no key here \(waivers\?\)$/],
    ],
    [
      'no owner, no reason, no date',
      'version: 1\nwaivers:\n  - id: a\n    scope: { member: tm1 }\n',
      [/^w\.yaml:3:5: owner is missing$/, /^w\.yaml:3:5: reason is missing$/, /^w\.yaml:3:5: until is missing$/],
    ],
    [
      'no scope',
      fileOf(entry({ scope: '{}' })),
      [/^w\.yaml:4:12: scope names nothing: a waiver of everything is none$/],
    ],
    [
      'unknown scope',
      fileOf(entry({ scope: '{ memer: tm1 }' })),
      [/^w\.yaml:4:14: "memer" is no key here \(member\?\)$/],
    ],
    [
      'unknown rule',
      fileOf(entry({ scope: '{ rule: plaintxt-channel }' })),
      [/^w\.yaml:4:20: "plaintxt-channel" is no rule \(plaintext-channel\?\)$/],
    ],
    [
      'unknown channel',
      fileOf(entry({ scope: '{ channel: blob }' })),
      [/^w\.yaml:4:23: channel is none of .*\(blob-server\?\)$/],
    ],
    [
      'unknown severity',
      fileOf(entry({ scope: '{ severity: hgh }' })),
      [/^w\.yaml:4:24: severity is none of .*\(high\?\)$/],
    ],
    [
      'short fingerprint',
      fileOf(entry({ scope: '{ fingerprint: 12ab }' })),
      [/^w\.yaml:4:27: fingerprint is no fingerprint/],
    ],
    ['no date', fileOf(entry({ until: 'never' })), [/^w\.yaml:7:12: until is no date, as 2026-12-31/]],
    ['no day', fileOf(entry({ until: '2026-02-31' })), [/^w\.yaml:7:12: until is no day of the calendar$/]],
    ['two of one id', fileOf(entry(), entry()), [/^w\.yaml:8:9: "w1" is the id of an earlier one$/]],
    ['no YAML', 'version: [\n', [/^w\.yaml:2:1: /]],
    ['an empty owner', fileOf(entry()).replace('owner: sec', 'owner: " "'), [/^w\.yaml:5:12: owner is empty$/]],
  ];
  for (const [name, text, expected] of cases) {
    const told = faults(text);
    t.equal(told.length, expected.length, `${name}: ${told.join(' | ')}`);
    for (const [index, pattern] of expected.entries()) t.match(told[index], pattern, name);
  }
});

t.test('scalars stay as they are written: a fingerprint of digits, an owner that is a number', async (t) => {
  const fingerprint = `${'1'.repeat(30)}e5`;
  const [one] = parseWaivers(
    fileOf(entry({ scope: `{ fingerprint: ${fingerprint} }` })).replace('owner: sec', 'owner: 007'),
    'w.yaml',
    RULES,
  );
  t.equal(one!.scope.fingerprint, fingerprint);
  t.equal(one!.owner, '007');
});

t.test('the example of the README is one', async (t) => {
  const examples = codeBlocks(read('README.md')).filter(({ language }) => language === 'yaml');
  const example = examples.map(({ lines }) => lines.join('\n')).find((one) => one.includes('waivers:'))!;
  const file = written('example.yaml', example);
  const { status, stderr } = await flinkprobe(['waivers', 'check', file, '--now', NOW]);
  t.equal(status, 0, stderr);
});

t.test('no text crashes the reader', async () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.string().map((one) => fileOf(entry({ scope: one }))),
      ),
      (text) => {
        faults(text);
        return true;
      },
    ),
  );
});

t.test('waivers of a recording: shown in every format, and no longer counted', async (t) => {
  const capture = ['analyze', 'captures/1.20.3-off.pcap.gz', '--now', NOW];
  const all = JSON.parse((await flinkprobe([...capture, '--format', 'json'])).stdout) as Report;
  t.equal(all.verdict, 'fail');
  const rules = [...new Set(all.findings.filter(({ verdict }) => verdict === 'fail').map(({ ruleId }) => ruleId))];
  const entries = rules.map((rule) => entry({ id: rule, scope: `{ rule: ${rule} }` }));
  const file = written('all.yaml', fileOf(...entries, entry({ id: 'idle', scope: '{ member: nobody }' })));

  const waived = await flinkprobe([...capture, '--waivers', file, '--format', 'json']);
  const report = reportSchema.parse(JSON.parse(waived.stdout)) as Report;
  t.not(report.verdict, 'fail');
  t.equal(waived.status, report.verdict === 'pass' ? 0 : 2);
  t.equal(report.findings.length, all.findings.length, 'nothing is hidden');
  for (const one of report.findings.filter(({ verdict }) => verdict === 'fail')) t.equal(one.waived?.id, one.ruleId);
  t.equal(report.waivers?.find(({ id }) => id === 'idle')?.matched, 0);

  const text = await flinkprobe([...capture, '--waivers', file, '--format', 'text', '--wide']);
  t.match(text.stdout, /WAIVED/);
  t.match(text.stdout, /until 2026-12-31 by sec: behind a VPN/);
  t.match(text.stdout, /idle fits nothing here/);
  t.notMatch(text.stdout, /^FAIL/m);
  t.match(
    (await flinkprobe([...capture, '--waivers', file, '--plain'])).stdout,
    /^waiver\tidle\tactive\t2026-12-31\tsec\t0$/m,
  );
  t.match((await flinkprobe([...capture, '--waivers', file, '--format', 'nagios'])).stdout, /\d+ waived/);
  const lines = (await flinkprobe([...capture, '--waivers', file, '--format', 'jsonl'])).stdout.trim().split('\n');
  const told = lines
    .map((line) => JSON.parse(line))
    .filter(({ record, verdict }) => record === 'finding' && verdict === 'fail');
  t.ok(told.length > 0 && told.every((one) => one.waived.owner === 'sec'));
});

t.test('what has expired counts again, and the report says so', async (t) => {
  const file = written('old.yaml', fileOf(entry({ id: 'old', until: '2026-11-21', scope: '{ severity: critical }' })));
  const ended = await flinkprobe(['analyze', 'captures/1.20.3-off.pcap.gz', '--now', NOW, '--waivers', file, '--wide']);
  t.equal(ended.status, 1);
  t.match(ended.stdout, /old expired on 2026-11-21 \(owner sec\): \d+ findings count again/);
});

t.test('audit takes waivers; a wrong file ends with 3 before anything is read', async (t) => {
  const audit = ['audit', '--conf', 'captures/1.20.3-off.conf/jm', '--now', NOW];
  t.equal((await flinkprobe(audit)).status, 1);
  const file = written('audit.yaml', fileOf(entry({ scope: '{ severity: critical }' })));
  t.equal((await flinkprobe([...audit, '--waivers', file])).status, 0);
  const wrong = written('wrong.yaml', fileOf(entry({ scope: '{ rule: plaintext-chanel }' })));
  for (const command of [audit, ['analyze', 'captures/1.20.3-off.pcap.gz'], ['verify', 'blob-server=127.0.0.1:1']]) {
    const { status, stdout, stderr } = await flinkprobe([...command, '--waivers', wrong]);
    t.equal(status, 3);
    t.equal(stdout, '');
    t.match(stderr, /--waivers: \S+wrong\.yaml:4:20: "plaintext-chanel" is no rule \(plaintext-channel\?\)/);
  }
  t.match(
    (await flinkprobe([...audit, '--waivers', '/nowhere.yaml'])).stderr,
    /--waivers: \/nowhere\.yaml: no such file/,
  );
});

t.test('waivers check tells expired, ending and unused ones; 1 for what has to be deleted', async (t) => {
  const file = written(
    'check.yaml',
    fileOf(
      entry({ id: 'gone', until: '2026-11-21' }),
      entry({ id: 'soon', until: '2026-12-01' }),
      entry({ id: 'idle', scope: '{ member: nobody }', until: '2027-11-22' }),
      entry({ id: 'fine', until: '2027-11-22' }),
    ),
  );
  const alone = await flinkprobe(['waivers', 'check', file, '--now', NOW]);
  t.equal(alone.status, 1);
  t.match(alone.stdout, /^EXPIRED {2}gone {2}since 2026-11-21 {2}owner sec {2}rule=plaintext-channel$/m);
  t.match(alone.stdout, /^ENDING {3}soon {2}in 9 days, 2026-12-01/m);
  t.notMatch(alone.stdout, /idle|fine/);
  t.match(alone.stdout, /4 waivers: 1 expired, 1 ending, 2 active \(unused ones are found with --report\)\n$/);

  const report = path.join(folder, 'report.json');
  await flinkprobe(['analyze', 'captures/1.20.3-off.pcap.gz', '--now', NOW, '--quiet', '--format', `json=${report}`]);
  const { status, stdout } = await flinkprobe(['waivers', 'check', file, '--now', NOW, '--report', report]);
  t.equal(status, 1);
  t.match(stdout, /^UNUSED {3}idle {2}until 2027-11-22, and fits no finding/m);
  t.match(stdout, /gone {2}since 2026-11-21, \d+ findings? counts? again/);

  const fine = written(
    'fine.yaml',
    fileOf(entry({ id: 'fine', until: '2027-11-22' }), entry({ id: 'soon', until: '2026-12-01' })),
  );
  t.equal(
    (await flinkprobe(['waivers', 'check', fine, '--now', NOW, '--report', report])).status,
    0,
    'ending is told, no more',
  );
  t.equal((await flinkprobe(['waivers', 'check', fine, '--report', file])).status, 3);
  t.equal((await flinkprobe(['waivers', 'check', path.join(folder, 'none.yaml')])).status, 3);
  t.strictSame(waiversCheck([], [], Date.parse(NOW)), { lines: ['0 waivers'], code: 0 });
});

t.test('the daemon tells what its waivers match of what is open, by cluster', async (t) => {
  const report = JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8')) as Report;
  const { findings } = report;
  const records = ['eu', 'us'].flatMap((cluster) =>
    findings.map((finding) => ({ cluster, finding, firstSeenAt: NOW, lastSeenAt: NOW, lastRun: 'r', openings: 1 })),
  );
  const waivers = parseWaivers(
    fileOf(entry({ id: 'both' }), entry({ id: 'eu', scope: '{ rule: plaintext-channel, cluster: eu }' })),
    'w.yaml',
    RULES,
  );
  const [both, eu] = waiversStatus(waivers, { findings: () => records }, Date.parse(NOW));
  t.ok(eu!.matched > 0);
  t.equal(both!.matched, 2 * eu!.matched);
  t.strictSame(eu!.scope, { rule: 'plaintext-channel', cluster: 'eu' });
  t.equal(eu!.state, 'active');
});
