import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import path from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { get, placeOf, start } from '../cli/daemon-process.ts';
import { missing } from '../support/capture-tools.ts';
import { freePort, listening } from '../support/listening.ts';
import { mintLeaf } from '../support/pki.ts';
import { read, root } from '../support/repository.ts';
import { service, until } from './service.ts';

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

interface ScrapeConfig {
  readonly job_name: string;
  readonly static_configs: readonly { targets: string[] }[];
  readonly relabel_configs?: readonly { replacement?: string }[];
}

const skip = missing('prometheus', 'promtool');
/** The times that a real one needs: scrapes and rules every second. */
const PATIENCE_MS = 40_000;

t.test('a real Prometheus scrapes /metrics and /probe, and a shipped alert fires', { skip }, async (t) => {
  const place = placeOf();
  const { key, cert } = mintLeaf('jm.flink.test');
  const rest = createServer({ key, cert }, (_, response) => response.end('{}'));
  const { port: restPort, close } = await listening(rest);
  t.teardown(close);
  const nobody = await freePort();
  const recording = path.join(root, 'captures', '1.20.3-int-dataoff');
  place.write(
    [
      '  - name: recorded',
      '    schedule: none',
      `    captures: [${JSON.stringify(`${recording}.pcap.gz`)}]`,
      `    names: ${JSON.stringify(path.join(root, 'captures', 'hosts.txt'))}`,
      `    configurations: ${JSON.stringify(['jm', 'tm1', 'tm2'].map((member) => `${member}=${recording}.conf/${member}`))}`,
      '  - name: asked',
      '    schedule: none',
      '    profile: quick',
      '    timeout: 1s',
      `    targets: ["rest=127.0.0.1:${restPort}", "blob-server=127.0.0.1:${nobody}"]`,
      '',
    ].join('\n'),
  );
  const daemon = await start(t, place);
  const own = new URL(daemon.url).host;

  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const configuration = path.join(place.folder, 'prometheus.yml');
  writeFileSync(
    configuration,
    stringify({
      global: { scrape_interval: '2s', scrape_timeout: '2s', evaluation_interval: '1s' },
      rule_files: [path.join(root, 'docs', 'prometheus', 'flinkprobe.rules.yaml')],
      ...documented(own, [`rest=127.0.0.1:${restPort}`, `blob-server=127.0.0.1:${nobody}`]),
    }),
  );
  const checked = spawnSync('promtool', ['check', 'config', configuration], { encoding: 'utf8' });
  t.equal(checked.status, 0, `promtool takes the settings of docs/http-api.md: ${checked.stderr}`);
  const running = await service(
    'prometheus',
    [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${path.join(place.folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    `${url}/-/ready`,
  );
  t.teardown(() => running.stop());
  const series = async (expression: string): Promise<readonly Series[]> => {
    const answer = await get<{ data: { result: readonly Series[] } }>(
      `${url}/api/v1/query?query=${encodeURIComponent(expression)}`,
    );
    return answer.data.result;
  };
  const comes = (what: string, expression: string, isSo = (all: readonly Series[]) => all.length > 0): Promise<void> =>
    until(async () => isSo(await series(expression)), PATIENCE_MS).then((found) => void t.ok(found, what));

  await comes('all targets are up', 'up == 1', (all) => all.length === 3);
  const targets = async (): Promise<readonly { health: string; lastError: string }[]> =>
    (await get<{ data: { activeTargets: readonly { health: string; lastError: string }[] } }>(`${url}/api/v1/targets`))
      .data.activeTargets;
  t.ok(
    await until(
      async () => (await targets()).every(({ health, lastError }) => health === 'up' && lastError === ''),
      PATIENCE_MS,
    ),
    'and none had a fault',
  );

  await comes('findings of the recording', 'flinkprobe_findings{flink_cluster="recorded",severity="critical"} > 0');
  await comes(
    'its shuffle in clear',
    'flinkprobe_plaintext_accepted{flink_cluster="recorded",channel="taskmanager-data"} == 1',
  );
  const ends = Date.parse(new X509Certificate(cert).validTo) / 1000;
  await comes(
    'the certificate of REST, by /metrics',
    `flinkprobe_cert_not_after_timestamp_seconds{flink_cluster="asked",channel="rest",role="leaf",source="served"} == ${ends}`,
  );
  await comes(
    'handshakes of the run, as a histogram',
    'histogram_quantile(0.5, flinkprobe_handshake_duration_seconds_bucket{flink_cluster="asked",channel="rest"}) > 0',
  );
  await comes('what gave no answer', 'flinkprobe_channel_up{flink_cluster="asked",channel="blob-server"} == 0');
  await comes(
    'the certificate of REST, by /probe',
    `probe_ssl_earliest_cert_expiry{instance="rest=127.0.0.1:${restPort}"} == ${ends}`,
  );
  await comes('a probe that nobody answers fails', `probe_success{instance="blob-server=127.0.0.1:${nobody}"} == 0`);
  await comes('how long it took', `probe_duration_seconds{instance="rest=127.0.0.1:${restPort}"} > 0`);

  const firing = await until(async () => {
    const alerts = await get<{
      data: { alerts: readonly { state: string; labels: Readonly<Record<string, string>> }[] };
    }>(`${url}/api/v1/alerts`);
    return alerts.data.alerts.some(
      ({ state, labels }) =>
        state === 'firing' && labels.alertname === 'FlinkprobeCriticalFinding' && labels.flink_cluster === 'recorded',
    );
  }, PATIENCE_MS);
  t.ok(firing, 'the alert on the recorded cluster fires');
  const rules = await get<{ data: { groups: readonly { rules: readonly { name: string; health: string }[] }[] } }>(
    `${url}/api/v1/rules`,
  );
  const unwell = rules.data.groups.flatMap((group) => group.rules).filter(({ health }) => health !== 'ok');
  t.strictSame(unwell, [], 'every shipped rule is evaluated without a fault');

  for (const page of ['/metrics', `/probe?target=rest=127.0.0.1:${restPort}`]) {
    const input = await (await fetch(`${daemon.url}${page}`)).text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    t.notMatch(`${stdout}${stderr}`, /flinkprobe_|error/i, `${page}: ${stdout}${stderr}`);
    if (page === '/metrics') t.equal(status, 0);
  }
});

/** The settings that docs/http-api.md shows, for this daemon and these targets. */
function documented(own: string, targets: string[]): { scrape_configs: unknown } {
  const [, block] = /```yaml\n(scrape_configs:[\s\S]*?)```/.exec(read('docs/http-api.md'))!;
  const { scrape_configs: all } = parse(block!) as { scrape_configs: ScrapeConfig[] };
  for (const { job_name: job, static_configs: places, relabel_configs: rules } of all) {
    places[0]!.targets = job === 'flinkprobe' ? [own] : targets;
    for (const rule of rules ?? []) if (rule.replacement !== undefined) rule.replacement = own;
  }
  return { scrape_configs: all };
}
