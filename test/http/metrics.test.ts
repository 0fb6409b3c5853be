import { spawnSync } from 'node:child_process';
import t from 'tap';
import type { StoreSighting, WireStatus } from '../../src/daemon/types.ts';
import { FAMILIES } from '../../src/http/families.ts';
import { formatFor } from '../../src/http/prometheus.ts';
import type { Certificate, Observation, Report } from '../../src/model/report.ts';
import { accused, asked, reportOf, unanswered } from '../daemon/cluster-report.ts';
import { certificate, HOSTILE, tlsDetails } from '../support/sample-report.ts';
import { lint, parseExposition, type Sample } from './promlint.ts';
import { NOW, recorded, StandIn, served } from './stand-in.ts';

/** The names of the public contract. */
const CONTRACT =
  `check_status findings channel_up plaintext_accepted client_cert_required tls_protocol_accepted tls_info
  cert_not_after_timestamp_seconds cert_served_matches_disk handshake_duration_seconds probes_total probe_failures_total
  run_duration_seconds last_run_timestamp_seconds last_restart_seen_timestamp_seconds waiver_expiry_timestamp_seconds
  capture_packets_total capture_drops_total clear_bytes_total tls_bytes_total config_last_reload_successful build_info`
    .split(/\s+/)
    .map((name) => `flinkprobe_${name}`);
/** Labels that clash with those of targets (Prometheus, "Writing exporters"). */
const CLASHING = ['type', 'cluster', 'env', 'environment', 'region', 'zone', 'service', 'owner', 'stage', 'dc'];

async function scrape(address: string, accept?: string): Promise<{ text: string; type: string | null }> {
  const response = await fetch(`${address}/metrics`, accept === undefined ? {} : { headers: { accept } });
  t.equal(response.status, 200);
  return { text: await response.text(), type: response.headers.get('content-type') };
}

function amount(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = samples.filter(
    (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
  );
  t.ok(found.length <= 1, `${name} ${JSON.stringify(labels)} names at most one`);
  return found[0]?.value;
}

const control = new StandIn(['prod']);
control.wire = {
  cluster: 'prod',
  interfaces: ['eth0'],
  state: 'running',
  since: NOW,
  packets: 1000,
  drops: 7,
  clearBytes: 12,
  tlsBytes: 34,
  connections: 2,
};
control.waiverList = [
  {
    ...{ id: 'metrics-in-clear', owner: 'sec-eng', reason: 'inside the mesh', until: '2026-12-31' },
    ...{ scope: {}, state: 'active', matched: 1 },
  },
];
control.store.note({ cluster: 'prod', kind: 'restart', at: '2026-11-22T11:00:00.000Z', text: 'tm-1 came back' });
const { address } = await served(control);

t.test('what is named is the contract, in base units and with labels that clash with nothing', async (t) => {
  const names = Object.keys(FAMILIES);
  for (const name of CONTRACT) t.ok(names.includes(name), name);
  for (const [name, { labels }] of Object.entries(FAMILIES)) {
    t.ok(/^(?:flinkprobe|process)_/.test(name), name);
    t.strictSame(
      labels.filter((label) => CLASHING.includes(label)),
      [],
      name,
    );
  }
});

t.test('metrics keep the rules of promtool, also before the first run', async (t) => {
  t.strictSame(lint((await scrape(address)).text), []);
  control.commit('prod', await recorded('1.20.3-int-dataoff'));
  const { text, type } = await scrape(address);
  t.strictSame(lint(text), []);
  t.equal(type, 'text/plain; version=0.0.4; charset=utf-8');
});

const promtool = spawnSync('promtool', ['--version']).status === 0;
t.test('promtool itself finds nothing', { skip: promtool ? false : 'promtool not found' }, async (t) => {
  const { text } = await scrape(address);
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  t.equal(`${stderr}${stdout}`, '');
  t.equal(status, 0);
});

t.test('a recorded cluster whose data plane is in clear reads as that', async (t) => {
  const { samples } = parseExposition((await scrape(address)).text);
  const data = { flink_cluster: 'prod', channel: 'taskmanager-data', member: '10.77.0.3' };
  const members = samples.filter((one) => one.name === 'flinkprobe_plaintext_accepted');
  t.ok(members.some(({ labels, value }) => labels.channel === 'taskmanager-data' && value === 1));
  t.ok(members.some(({ labels, value }) => labels.channel === 'jobmanager-rpc' && value === 0));
  t.ok(
    samples.every(({ labels }) => labels.flink_cluster === undefined || labels.flink_cluster === data.flink_cluster),
  );
  const check = { check: 'plaintext-channel', flink_cluster: 'prod' };
  t.equal(amount(samples, 'flinkprobe_check_status', { ...check, status: 'fail' }), 1);
  t.equal(amount(samples, 'flinkprobe_check_status', { ...check, status: 'pass' }), 0);
  t.ok(samples.some((one) => one.name === 'flinkprobe_tls_info' && one.labels.version === 'TLSv1.2'));
  t.equal(amount(samples, 'flinkprobe_capture_drops_total'), 7);
  t.equal(amount(samples, 'flinkprobe_clear_bytes_total'), 12);
  t.equal(amount(samples, 'flinkprobe_last_restart_seen_timestamp_seconds'), Date.parse('2026-11-22T11:00:00Z') / 1000);
  t.equal(
    amount(samples, 'flinkprobe_waiver_expiry_timestamp_seconds', { waiver: 'metrics-in-clear' }),
    Date.parse('2027-01-01T00:00:00Z') / 1000,
    'it holds on its last day',
  );
  t.equal(amount(samples, 'flinkprobe_build_info', { version: '0.1.0' }), 1);
});

t.test('what is resolved is zero, and gone clusters leave nothing', async (t) => {
  const control = new StandIn(['prod', 'gone']);
  const { address } = await served(control);
  control.commit('prod', reportOf({ at: 1, findings: [accused('tm-1')] }));
  control.commit('gone', reportOf({ at: 1, findings: [accused('tm-1')] }));
  const check = { check: 'strangers-accepted', flink_cluster: 'prod' };
  const first = parseExposition((await scrape(address)).text).samples;
  t.equal(amount(first, 'flinkprobe_check_status', { ...check, status: 'fail' }), 1);
  t.equal(amount(first, 'flinkprobe_findings', { flink_cluster: 'prod', severity: 'critical' }), 1);
  control.commit('prod', reportOf({ at: 2 }));
  control.names.pop();
  const { text } = await scrape(address);
  const { samples } = parseExposition(text);
  t.equal(amount(samples, 'flinkprobe_check_status', { ...check, status: 'fail' }), 0);
  t.equal(amount(samples, 'flinkprobe_check_status', { ...check, status: 'pass' }), 1);
  t.equal(amount(samples, 'flinkprobe_findings', { flink_cluster: 'prod', severity: 'critical' }), 0);
  t.notMatch(text, /flink_cluster="gone"/);
});

const WATCHING: WireStatus = {
  ...{ cluster: 'prod', interfaces: ['eth0'], state: 'running', since: NOW, connections: 1 },
  ...{ packets: 1, drops: 0, clearBytes: 0, tlsBytes: 0 },
};

t.test('what runs asked and what the wire showed stand side by side, the worse of both', async (t) => {
  const control = new StandIn(['prod']);
  control.wire = WATCHING;
  const { address } = await served(control);
  const interrupted = { complete: false };
  control.commit('prod', reportOf({ observations: [asked('tm-1'), unanswered('tm-2')], change: interrupted }));
  const wire = asked('tm-1', { vantage: 'passive', kind: 'plaintext' });
  const { tls: _, asked: __, ...clear } = wire;
  control.commit('prod', reportOf({ at: 1, observations: [clear] }), 'live');
  const look = async (): Promise<(number | undefined)[]> => {
    const { samples } = parseExposition((await scrape(address)).text);
    const at = (name: string, member: string): number | undefined => amount(samples, `flinkprobe_${name}`, { member });
    return [
      at('channel_up', 'tm-1'),
      at('channel_up', 'tm-2'),
      at('plaintext_accepted', 'tm-1'),
      amount(samples, 'flinkprobe_run_complete'),
    ];
  };
  t.strictSame(await look(), [1, 0, 1, 0], 'an endpoint that is down stays down, an interrupted run stays that');
  control.commit('prod', reportOf({ at: 2, observations: [asked('tm-1'), asked('tm-2')] }));
  t.strictSame(await look(), [1, 1, 1, 1], 'what the wire showed stays until it shows something else');
  const { address: anew } = await served(control);
  const { samples } = parseExposition((await scrape(anew)).text);
  t.equal(amount(samples, 'flinkprobe_plaintext_accepted', { member: 'tm-1' }), 1, 'also from the history');
  control.wire = undefined;
  t.strictSame(await look(), [1, 1, 0, 1], 'and ends with the watch');
});

t.test('that the wire shows a request for a certificate does not tell whether one is required', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control);
  const { clientAuthentication } = tlsDetails();
  const requesting = (member: string, vantage: Observation['vantage']): Observation => {
    const { asked: how, ...rest } = asked(member, {
      vantage,
      tls: tlsDetails({ clientAuthentication: { ...clientAuthentication, verdict: 'requested' } }),
    });
    return vantage === 'active' ? { ...rest, ...(how === undefined ? {} : { asked: how }) } : rest;
  };
  control.commit('prod', reportOf({ observations: [requesting('tm-1', 'passive'), requesting('tm-2', 'active')] }));
  const { samples } = parseExposition((await scrape(address)).text);
  t.strictSame(
    ['tm-1', 'tm-2'].map((member) => amount(samples, 'flinkprobe_client_cert_required', { member })),
    [undefined, 0],
  );
});

t.test('runs that cannot be made are told, also of a cluster that never had one', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control);
  const failed = async (): Promise<number | undefined> =>
    amount(parseExposition((await scrape(address)).text).samples, 'flinkprobe_run_failed', { flink_cluster: 'prod' });
  t.equal(await failed(), 0);
  control.problem = 'names.csv: no such file';
  t.equal(await failed(), 1);
});

t.test('an expired certificate is told like any other', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control);
  const old = certificate({ notAfter: '2020-01-01T00:00:00Z', subject: 'O=lab,CN=old one', serialNumber: '1f2e' });
  const chain = tlsDetails({ serverCertificate: { seen: 'present', truncated: false, chain: [old] } });
  control.commit('prod', reportOf({ observations: [asked('tm-1', { tls: chain })] }));
  const { samples } = parseExposition((await scrape(address)).text);
  t.equal(
    amount(samples, 'flinkprobe_cert_not_after_timestamp_seconds', {
      ...{ role: 'leaf', source: 'served', subject_cn: 'old one', serial: '1f2e', member: 'tm-1' },
    }),
    1577836800,
  );
});

t.test('probes and their failures are counted, each run once', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control);
  control.commit('prod', reportOf({ at: 1, observations: [asked('tm-1'), unanswered('tm-2')] }));
  control.commit('prod', reportOf({ at: 2, observations: [asked('tm-1'), asked('tm-2')] }));
  for (let index = 0; index < 2; index += 1) {
    const { samples } = parseExposition((await scrape(address)).text);
    const labels = { flink_cluster: 'prod', channel: 'taskmanager-data' };
    t.equal(amount(samples, 'flinkprobe_probes_total', labels), 4);
    t.equal(amount(samples, 'flinkprobe_probe_failures_total', { ...labels, reason: 'timeout' }), 1);
    t.equal(amount(samples, 'flinkprobe_channel_up', { ...labels, member: 'tm-2' }), 1);
  }
});

t.test('handshakes are told as a histogram, once there are some', async (t) => {
  const control = new StandIn(['prod']);
  const server = await served(control);
  t.notMatch((await scrape(server.address)).text, /handshake/);
  for (const seconds of [0.004, 0.03, 9]) server.handshake('prod', 'rest', seconds);
  const { text } = await scrape(server.address);
  t.strictSame(lint(text), []);
  const { samples } = parseExposition(text);
  t.equal(amount(samples, 'flinkprobe_handshake_duration_seconds_bucket', { le: '0.005' }), 1);
  t.equal(amount(samples, 'flinkprobe_handshake_duration_seconds_bucket', { le: '+Inf' }), 3);
  t.equal(
    amount(samples, 'flinkprobe_handshake_duration_seconds_count', { flink_cluster: 'prod', channel: 'rest' }),
    3,
  );
});

t.test('hostile names in certificates and hosts break no line', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control);
  const bad = certificate({ subject: `CN=${HOSTILE}"} 1\nflinkprobe_findings 7`, serialNumber: HOSTILE });
  const observation = asked('tm-1', {
    server: { host: HOSTILE, port: 1, member: `${HOSTILE}"\\` },
    tls: tlsDetails({ serverCertificate: { seen: 'present', truncated: false, chain: [bad] }, version: HOSTILE }),
  });
  control.commit('prod', reportOf({ observations: [observation] }));
  const { text } = await scrape(address);
  t.strictSame(lint(text), []);
  t.ok(parseExposition(text).samples.some(({ labels }) => labels.serial === HOSTILE));
});

/** One JobManager and 50 TaskManagers, every channel mutual with an authority, all asked. */
function large(certificates: number): Report {
  const authority = certificate({ subject: 'CN=authority', sha256: 'ca'.repeat(32) });
  const leaf = (member: string, channel: string, number: number): Certificate =>
    certificate({
      subject: `CN=${member}`,
      serialNumber: `${number}${channel.length}`,
      sha256: `${member}${channel}${number}`.padEnd(64, '0').replace(/[^0-9a-f]/g, 'a'),
    });
  const endpoint = (member: string, channel: Observation['channel'], port: number): Observation[] =>
    Array.from({ length: certificates }, (_, number) =>
      asked(member, {
        channel,
        server: { host: member, port, member },
        tls: tlsDetails({
          serverCertificate: { seen: 'present', truncated: false, chain: [leaf(member, channel, number), authority] },
          accepted: { versions: ['TLSv1.2', 'TLSv1.3'], cipherSuites: {}, namedGroups: [], signatureSchemes: [] },
        }),
      }),
    );
  const workers = Array.from({ length: 50 }, (_, index) => `tm-${index}`);
  return reportOf({
    observations: [
      ...endpoint('jm', 'rest', 8081),
      ...endpoint('jm', 'jobmanager-rpc', 6123),
      ...endpoint('jm', 'blob-server', 6124),
      ...endpoint('jm', 'prometheus', 9249),
      ...workers.flatMap((member) => [
        ...endpoint(member, 'taskmanager-data', 6121),
        ...endpoint(member, 'taskmanager-rpc', 6122),
        ...endpoint(member, 'prometheus', 9249),
      ]),
    ],
    findings: workers.map((member) => accused(member)),
  });
}

/** Documented in src/http/README.md. */
const BUDGET = 2000;

t.test('one JobManager and 50 TaskManagers, their key stores read, stay within the budget of series', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control);
  const authority = certificate({ subject: 'CN=authority', sha256: 'ca'.repeat(32) });
  const stored = ['jm', ...Array.from({ length: 50 }, (_, index) => `tm-${index}`)].flatMap((member) =>
    (member === 'jm'
      ? (['jobmanager-rpc', 'blob-server'] as const)
      : (['taskmanager-data', 'taskmanager-rpc'] as const)
    ).map(
      (channel): StoreSighting => ({
        ...{ path: `/ssl/${member}.p12`, channel, member },
        certificates: [
          { role: 'keystore', certificate: certificate({ subject: `CN=${member}`, sha256: `${member}` }) },
          { role: 'ca', certificate: authority },
          { role: 'truststore', certificate: authority },
        ],
      }),
    ),
  );
  control.commit('prod', large(1), 'schedule', { sightings: stored, paths: [] });
  const { samples } = parseExposition((await scrape(address)).text);
  const own = samples.filter(({ labels }) => labels.flink_cluster === 'prod');
  t.ok(own.length < BUDGET, `${own.length} series`);
  t.equal(amount(samples, 'flinkprobe_cert_series_left_out'), 0);
  t.comment(`${own.length} series`);
});

t.test(
  'of more certificates than have a series, the first to end of each kind is told, and how many are not',
  async (t) => {
    const control = new StandIn(['prod']);
    const { address } = await served(control);
    control.commit('prod', large(8));
    const { samples } = parseExposition((await scrape(address)).text);
    const told = samples.filter(({ name }) => name === 'flinkprobe_cert_not_after_timestamp_seconds');
    t.ok(told.length > 0 && told.length < 50, `${told.length} told`);
    t.ok(amount(samples, 'flinkprobe_cert_series_left_out')! > 1000);
    t.ok(samples.filter(({ labels }) => labels.flink_cluster === 'prod').length < BUDGET);
  },
);

t.test('OpenMetrics comes where it is preferred, and as it is written there', async (t) => {
  const prometheus3 =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
  const { text, type } = await scrape(address, prometheus3);
  t.equal(type, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  t.ok(text.endsWith('\n# EOF\n'));
  t.notMatch(text, /\n\n/);
  t.match(text, /^# TYPE flinkprobe_capture_drops counter$/m);
  t.match(text, /^flinkprobe_capture_drops_total\{flink_cluster="prod"\} 7$/m);
  t.notMatch(text, /^# TYPE \S+_total /m);
  const again = await scrape(address);
  t.match(again.text, /^# TYPE flinkprobe_capture_drops_total counter$/m, 'the text format keeps its names');
  for (const [accept, format] of [
    [undefined, 'text'],
    ['*/*', 'text'],
    ['text/plain;version=0.0.4', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version=9.0.0', 'text'],
    ['application/openmetrics-text;q=0.1, text/plain;q=0.9', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    [';;;,q=', 'text'],
  ] as const) {
    t.equal(formatFor(accept), format, accept ?? 'nothing');
  }
});
