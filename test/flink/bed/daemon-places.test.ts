import t from 'tap';
import { AFTER, served } from '../../web/served.ts';
import { alertsTold, eventTold, metricsTold, pageDetail, pageFindings, type Told } from './daemon-places.ts';

t.test('findings and details of the page are those of the store', async (t) => {
  const { address, store, stop } = await served();
  t.teardown(stop);
  const page = await (await fetch(`${address}/?cluster=${AFTER}`)).text();
  const open = store.findings({ cluster: AFTER, state: 'open' }).map(({ finding }) => finding);
  t.same([...pageFindings(page)].sort(), open.map(({ fingerprint }) => fingerprint).sort());
  for (const { fingerprint, ruleId, channel, endpoint, remediation } of open) {
    const detail = pageDetail(await (await fetch(`${address}/?finding=${fingerprint}`)).text());
    t.match(detail, { rule: ruleId, channel, member: endpoint?.member });
    for (const key of Object.keys(remediation.settings)) t.match(detail.fix, `${key}: `);
  }
});

t.test('a link is read whatever the order of its attributes, a detail with the marks that lit leaves', async (t) => {
  t.same(pageFindings('<a data-go="" data-finding="" href="/?finding=12ab#detail">x</a>'), ['12ab']);
  t.same(pageFindings('<a href="/?finding=12ab#detail" data-finding>x</a><a href="/?finding=34#detail">y</a>'), [
    '12ab',
  ]);
  const place = '<p class="place"><!--?lit$1$-->TM data · tm-2 &lt;x&gt; · 10.0.0.1:1</p>';
  t.same(pageDetail(place), { rule: '', channel: 'taskmanager-data', member: 'tm-2 <x>', fix: '' });
});

t.test('of the metrics, failing rules and clear channels are read', async (t) => {
  const text = [
    '# TYPE flinkprobe_check_status gauge',
    'flinkprobe_check_status{flink_cluster="bed",check="plaintext-channel",severity="critical",status="fail"} 2',
    'flinkprobe_check_status{flink_cluster="bed",check="expired-certificate",severity="high",status="pass"} 1',
    'flinkprobe_check_status{flink_cluster="bed",check="rest-open-to-all",severity="high",status="fail"} 0',
    'flinkprobe_plaintext_accepted{flink_cluster="bed",channel="taskmanager-data",member="tm2"} 1',
    'flinkprobe_plaintext_accepted{flink_cluster="bed",channel="taskmanager-data",member="tm1"} 0',
    '',
  ].join('\n');
  t.same(metricsTold(text), [
    { rule: 'plaintext-channel', channel: '', member: '', fix: '' },
    { rule: 'flinkprobe_plaintext_accepted', channel: 'taskmanager-data', member: 'tm2', fix: '' },
  ]);
});

t.test("Alertmanager's alerts of other names are left out", async (t) => {
  const alert = (alertname: string): Parameters<typeof alertsTold>[0][number] => ({
    labels: { alertname, rule: 'plaintext-channel', channel: 'taskmanager-data', member: 'tm2' },
    annotations: { fix: 'taskmanager.data.ssl.enabled: true' },
    status: { state: 'active' },
  });
  t.same(alertsTold([alert('FlinkprobeFinding'), alert('FlinkprobeRunFailed')]), [
    {
      ...{ rule: 'plaintext-channel', channel: 'taskmanager-data', member: 'tm2' },
      fix: 'taskmanager.data.ssl.enabled: true',
    },
  ]);
});

t.test('events open and resolve; what cannot be decided is no fault; members go and come back', async (t) => {
  const open = new Map<string, Told>();
  const finding = (kind: string, verdict = 'fail'): Parameters<typeof eventTold>[1] => ({
    event: 'finding',
    data: {
      kind,
      finding: {
        ...{ fingerprint: '1', ruleId: 'plaintext-channel', verdict, channel: 'taskmanager-data' },
        endpoint: { host: '10.0.0.3', member: 'tm2' },
        remediation: { settings: { 'taskmanager.data.ssl.enabled': 'true' } },
        witnesses: { wire: 'fail', handshake: 'not-heard' },
      },
    },
  });
  eventTold(open, finding('opened', 'inconclusive'));
  t.equal(open.size, 0);
  eventTold(open, finding('opened'));
  t.same(
    [...open.values()],
    [
      {
        ...{ rule: 'plaintext-channel', channel: 'taskmanager-data', member: 'tm2' },
        ...{ fix: 'taskmanager.data.ssl.enabled: true', witnesses: ['wire'] },
      },
    ],
  );
  eventTold(open, finding('resolved'));
  t.equal(open.size, 0);
  eventTold(open, { event: 'happening', data: { kind: 'member-gone', member: 'tm2' } });
  t.match([...open.values()], [{ rule: 'member-gone', member: 'tm2' }]);
  eventTold(open, { event: 'happening', data: { kind: 'restart', member: 'tm2' } });
  t.equal(open.size, 0);
});
