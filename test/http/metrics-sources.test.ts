import t from 'tap';
import { FAMILIES, type FamilyName } from '../../src/http/families.ts';
import type { Observation } from '../../src/model/report.ts';
import { accused, asked, reportOf, timeOf, unanswered } from '../daemon/cluster-report.ts';
import { certificate, tlsDetails } from '../support/sample-report.ts';
import { parseExposition } from './promlint.ts';
import { NOW, StandIn, served } from './stand-in.ts';

/** Each metric, from what happened to what a scrape says of it: its value and its labels. */

const leaf = certificate({
  subject: 'CN=tm-1',
  sha256: '11'.repeat(32),
  serialNumber: '0a',
  notAfter: '2027-01-01T00:00:00Z',
});
const authority = certificate({
  subject: 'CN=ca',
  sha256: '22'.repeat(32),
  serialNumber: '01',
  notAfter: '2030-01-01T00:00:00Z',
});
const renewed = certificate({
  subject: 'CN=jm',
  sha256: '33'.repeat(32),
  serialNumber: '0c',
  notAfter: '2028-01-01T00:00:00Z',
});
const stale = certificate({
  subject: 'CN=jm',
  sha256: '44'.repeat(32),
  serialNumber: '0b',
  notAfter: '2026-12-01T00:00:00Z',
});

const { clientAuthentication } = tlsDetails();
const mutual = asked('tm-1', {
  tls: tlsDetails({
    version: 'TLSv1.3',
    cipherSuite: 'TLS_AES_256_GCM_SHA384',
    serverCertificate: { seen: 'present', truncated: false, chain: [leaf, authority] },
    clientCertificate: { seen: 'absent' },
    accepted: { versions: ['TLSv1.2', 'TLSv1.3'], cipherSuites: {}, namedGroups: [], signatureSchemes: [] },
    clientAuthentication: { ...clientAuthentication, verdict: 'required', basis: 'probe' },
  }),
});
const jobManager: Partial<Observation> = {
  channel: 'rest',
  server: { host: '10.0.0.9', port: 8081, component: 'jobmanager', member: 'jm' },
};
/** TLS without client certificates, and an answer in clear on the same port. */
const mixed = asked('jm', {
  ...jobManager,
  tls: tlsDetails({
    serverCertificate: { seen: 'present', truncated: false, chain: [stale] },
    clientCertificate: { seen: 'absent' },
    clientAuthentication: { ...clientAuthentication, verdict: 'not-requested', basis: 'probe' },
  }),
  asked: {
    ...mutual.asked!,
    clear: { request: 'GET /config', outcome: 'answered', text: '200' },
  },
});

const control = new StandIn(['prod']);
control.waiverList = [
  {
    ...{ id: 'w1', owner: 'sec', reason: 'x', until: '2026-12-31', scope: {}, state: 'active', matched: 1 },
  },
];
control.wire = {
  ...{ cluster: 'prod', interfaces: ['eth0'], state: 'running', since: NOW, connections: 2 },
  ...{ packets: 10, drops: 7, clearBytes: 12, tlsBytes: 34 },
};
control.store.note({ cluster: 'prod', kind: 'restart', at: timeOf(-60), member: 'tm-1', text: 'tm-1 came back' });
const server = await served(control, {}, { revision: 'abc123' });
control.commit(
  'prod',
  reportOf({
    at: 1,
    observations: [mutual, mixed, unanswered('tm-2')],
    findings: [
      accused('tm-1'),
      accused('tm-2', { severity: 'high', waived: { id: 'w1', owner: 'sec', reason: 'x', until: '2026-12-31' } }),
    ],
  }),
  'schedule',
  {
    paths: ['/ssl/tm.p12', '/ssl/jm.p12'],
    sightings: [
      {
        ...{ path: '/ssl/tm.p12', channel: 'taskmanager-data', member: 'tm-1' },
        certificates: [
          { role: 'keystore', certificate: leaf },
          { role: 'ca', certificate: authority },
        ],
      },
      {
        ...{ path: '/ssl/jm.p12', channel: 'rest', member: 'jm' },
        certificates: [{ role: 'keystore', certificate: renewed }],
      },
    ],
  },
);
server.handshake('prod', 'rest', 0.03);
const before = process.cpuUsage();
const { samples } = parseExposition(await (await fetch(`${server.address}/metrics`)).text());

type Labels = Readonly<Record<string, string>>;
const seconds = (time: string): number => Date.parse(time) / 1000;
const tm1 = { channel: 'taskmanager-data', member: 'tm-1' };
const jm = { channel: 'rest', member: 'jm' };
const serial = (labels: Labels): string => `${labels.member} ${labels.role} ${labels.source} ${labels.serial}`;
const severities = (labels: Labels): string => labels.severity ?? '';

/** A sample by its labels but the cluster's, and its value; a function says how those of a family are told apart. */
const EXPECTED: Readonly<Record<FamilyName, readonly (readonly [labels: Labels, value: number | 'above zero'])[]>> = {
  flinkprobe_check_status: [
    [{ check: 'strangers-accepted', severity: 'critical', status: 'fail' }, 1],
    [{ check: 'strangers-accepted', severity: 'critical', status: 'pass' }, 0],
    [{ check: 'strangers-accepted', severity: 'critical', status: 'waived' }, 0],
  ],
  flinkprobe_findings: [
    [{ severity: 'critical' }, 1],
    [{ severity: 'high' }, 0],
  ],
  flinkprobe_channel_up: [
    [tm1, 1],
    [jm, 1],
    [{ channel: 'taskmanager-data', member: 'tm-2' }, 0],
  ],
  flinkprobe_plaintext_accepted: [
    [tm1, 0],
    [jm, 1],
  ],
  flinkprobe_client_cert_required: [
    [tm1, 1],
    [jm, 0],
  ],
  flinkprobe_tls_protocol_accepted: [
    [{ ...tm1, version: 'TLSv1' }, 0],
    [{ ...tm1, version: 'TLSv1.2' }, 1],
    [{ ...tm1, version: 'TLSv1.3' }, 1],
  ],
  flinkprobe_tls_info: [[{ ...tm1, version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }, 1]],
  flinkprobe_cert_not_after_timestamp_seconds: [
    [{ ...tm1, role: 'leaf', source: 'served', subject_cn: 'tm-1', serial: '0a' }, seconds('2027-01-01T00:00:00Z')],
    [{ ...tm1, role: 'ca', source: 'served', subject_cn: 'ca', serial: '01' }, seconds('2030-01-01T00:00:00Z')],
    [{ ...tm1, role: 'keystore', source: 'disk', subject_cn: 'tm-1', serial: '0a' }, seconds('2027-01-01T00:00:00Z')],
    [{ ...jm, role: 'keystore', source: 'disk', subject_cn: 'jm', serial: '0c' }, seconds('2028-01-01T00:00:00Z')],
    [{ ...jm, role: 'leaf', source: 'served', subject_cn: 'jm', serial: '0b' }, seconds('2026-12-01T00:00:00Z')],
  ],
  flinkprobe_cert_series_left_out: [[{}, 0]],
  flinkprobe_cert_served_matches_disk: [
    [tm1, 1],
    [jm, 0],
  ],
  flinkprobe_handshake_duration_seconds: [
    [{ channel: 'rest', le: '0.025' }, 0],
    [{ channel: 'rest', le: '0.05' }, 1],
  ],
  flinkprobe_probes_total: [
    [{ channel: 'taskmanager-data' }, 2],
    [{ channel: 'rest' }, 1],
  ],
  flinkprobe_probe_failures_total: [[{ channel: 'taskmanager-data', reason: 'timeout' }, 1]],
  flinkprobe_run_duration_seconds: [[{}, 4.321]],
  flinkprobe_last_run_timestamp_seconds: [[{}, seconds(timeOf(1)) + 4.321]],
  flinkprobe_run_complete: [[{}, 1]],
  flinkprobe_run_failed: [[{}, 0]],
  flinkprobe_run_late_seconds: [[{}, 1.5]],
  flinkprobe_missed_runs_total: [[{}, 3]],
  flinkprobe_last_restart_seen_timestamp_seconds: [[{}, seconds(timeOf(-60))]],
  flinkprobe_waiver_expiry_timestamp_seconds: [[{ waiver: 'w1' }, seconds('2027-01-01T00:00:00Z')]],
  flinkprobe_capture_up: [[{}, 1]],
  flinkprobe_capture_packets_total: [[{}, 10]],
  flinkprobe_capture_drops_total: [[{}, 7]],
  flinkprobe_clear_bytes_total: [[{}, 12]],
  flinkprobe_tls_bytes_total: [[{}, 34]],
  flinkprobe_config_last_reload_successful: [[{}, 1]],
  flinkprobe_config_last_reload_success_timestamp_seconds: [[{}, seconds(NOW)]],
  flinkprobe_ready: [[{}, 1]],
  flinkprobe_store_up: [[{}, 1]],
  flinkprobe_store_bytes: [[{}, 'above zero']],
  flinkprobe_outbox_messages: [[{}, 2]],
  flinkprobe_notifications_superseded_total: [[{}, 0]],
  flinkprobe_notifications_held: [[{}, 0]],
  flinkprobe_event_loop_lag_seconds: [
    [{ percentile: '50' }, 0.0004],
    [{ percentile: '99' }, 0.0035],
  ],
  flinkprobe_live_readers: [[{}, 0]],
  flinkprobe_live_readers_dropped_total: [[{}, 0]],
  flinkprobe_build_info: [[{ version: '0.1.0', revision: 'abc123', node_version: process.version }, 1]],
  process_resident_memory_bytes: [[{}, 'above zero']],
  process_cpu_seconds_total: [[{}, 'above zero']],
  process_start_time_seconds: [[{}, 'above zero']],
};

for (const [family, expected] of Object.entries(EXPECTED)) {
  t.test(`${family} says what happened`, async (t) => {
    const { labels: names, kind } = FAMILIES[family as FamilyName];
    const isOfCluster = (names as readonly string[]).includes('flink_cluster');
    const name = kind === 'histogram' ? `${family}_bucket` : family;
    for (const [labels, value] of expected) {
      const wanted: Labels = isOfCluster ? { flink_cluster: 'prod', ...labels } : labels;
      const found = samples.filter(
        (one) => one.name === name && Object.entries(wanted).every(([key, text]) => one.labels[key] === text),
      );
      t.equal(found.length, 1, `one sample with ${JSON.stringify(wanted)}`);
      t.strictSame(Object.keys(found[0]?.labels ?? {}).sort(), Object.keys(wanted).sort(), 'no label more');
      if (value === 'above zero') t.ok((found[0]?.value ?? 0) > 0);
      else t.equal(found[0]?.value, value);
    }
  });
}

t.test('there are no other certificates and severities than those', async (t) => {
  const of = (name: string): Labels[] => samples.filter((one) => one.name === name).map(({ labels }) => labels);
  t.strictSame(of('flinkprobe_cert_not_after_timestamp_seconds').map(serial).sort(), [
    ...['jm keystore disk 0c', 'jm leaf served 0b', 'tm-1 ca disk 01', 'tm-1 ca served 01'],
    ...['tm-1 keystore disk 0a', 'tm-1 leaf served 0a'],
  ]);
  t.strictSame(of('flinkprobe_findings').map(severities).sort(), ['critical', 'high', 'info', 'low', 'medium']);
  const { value: cpu } = samples.find(({ name }) => name === 'process_cpu_seconds_total')!;
  t.ok(cpu >= (before.user + before.system) / 1e6, 'seconds, not microseconds');
  t.ok(cpu < 3600);
});
