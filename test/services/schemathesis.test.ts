import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { get, placeOf, start, statusOf, summaries, until } from '../cli/daemon-process.ts';
import { root } from '../support/repository.ts';
import { background } from './service.ts';

/** `st` is another program, too, on machines that have its terminal. */
const program = ['schemathesis', 'st'].find((name) =>
  /schemathesis/i.test(spawnSync(name, ['--version'], { encoding: 'utf8' }).stdout ?? ''),
);

/** Cases that are made up for each operation at most; 700 make about 10,000 of them all. */
const { FLINKPROBE_SCHEMATHESIS_EXAMPLES: wanted = '40' } = process.env;

interface Told {
  readonly complete: boolean;
  readonly operations: { readonly total: number; readonly tested: number };
  readonly test_cases: { readonly generated: number };
  readonly failures: readonly { readonly code: string; readonly title: string; readonly operations: unknown }[];
}

const skip = program === undefined ? 'schemathesis not found' : false;

t.test('made-up requests by the OpenAPI document: no 5xx, and answers are as it says', { skip }, async (t) => {
  const place = placeOf();
  const recording = path.join(root, 'captures', '1.20.3-int-dataoff');
  const configurations = ['jm', 'tm1', 'tm2'].map((member) => `${member}=${recording}.conf/${member}`);
  place.write(
    [
      '  - name: prod',
      '    schedule: none',
      `    captures: [${JSON.stringify(`${recording}.pcap.gz`)}]`,
      `    names: ${JSON.stringify(path.join(root, 'captures', 'hosts.txt'))}`,
      `    configurations: ${JSON.stringify(configurations)}`,
      '  - { name: gone, schedule: none, timeout: 200ms, targets: ["rest=127.0.0.1:1"] }',
      '',
    ].join('\n'),
    'web: { probe: { allow_targets: [127.0.0.1] } }\n',
  );
  const daemon = await start(t, place);
  await until(
    async () => ((await statusOf(daemon)).clusters.every(({ lastRun }) => lastRun !== undefined) ? true : undefined),
    daemon.log,
  );
  const findings = await get<{ items: unknown[] }>(`${daemon.url}/api/v1/findings`);
  t.ok(findings.items.length > 0, 'there is something to ask for');

  const report = path.join(place.folder, 'schemathesis.json');
  const { status, said } = await background(program!, [
    `--config-file=${path.join(root, 'test', 'services', 'schemathesis.toml')}`,
    'run',
    `${daemon.url}/api/v1/openapi.json`,
    `--max-examples=${wanted}`,
    '--phases=examples,coverage,fuzzing',
    '--continue-on-failure',
    '--no-shrink',
    '--generation-database=none',
    // How much hypothesis throws away, and how fast, says nothing of us.
    '--suppress-health-check=all',
    '--report=json',
    `--report-json-path=${report}`,
  ]);
  const told = JSON.parse(readFileSync(report, 'utf8')) as Told;
  t.strictSame(told.failures, [], said);
  t.equal(status, 0, said);
  t.equal(told.complete, true);
  t.equal(told.operations.tested, told.operations.total, 'every operation was asked');
  t.ok(told.test_cases.generated > 20 * told.operations.total, `${told.test_cases.generated} cases`);
  t.comment(`${told.test_cases.generated} cases`);

  t.notMatch(daemon.log(), /a request failed|a defect|the store failed/);
  const { items } = await get<{ items: readonly { id: string }[] }>(`${daemon.url}/api/v1/runs?limit=1`);
  t.equal((await statusOf(daemon)).store.state, 'open');
  daemon.child.kill('SIGTERM');
  if (daemon.child.exitCode === null) await once(daemon.child, 'exit');
  t.equal(daemon.child.exitCode, 0);
  const kept = summaries(place.store).map(({ id }) => id);
  t.ok(kept.includes(items[0]!.id), 'what it told is in its history');
});
