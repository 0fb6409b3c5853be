import t from 'tap';
import type { HttpMeans } from '../../src/http/means.ts';
import { configuredTargets, untouchedTargets } from '../../src/http/probe-allow.ts';
import { canonicalAddress, parseProbeTarget } from '../../src/http/probe-target.ts';
import type { Report } from '../../src/model/report.ts';
import { accused, asked, reportOf, unanswered } from '../daemon/cluster-report.ts';
import { certificate, tlsDetails } from '../support/sample-report.ts';
import { lint, parseExposition } from './promlint.ts';
import { StandIn, served } from './stand-in.ts';

interface Asked {
  readonly target: string;
  readonly module: string;
  readonly name: string | undefined;
}

/** A server that answers probes with `report`, and what was asked of it. */
async function probing(
  report: Report | Error | 'never',
  settings: {
    allow?: 'configured' | 'any' | readonly string[];
    names?: Record<string, string[]>;
    untouched?: readonly string[];
  } = {},
): Promise<{ url: string; made: Asked[]; looked: string[]; names: Record<string, string[]>; aborted: () => number }> {
  const made: Asked[] = [];
  const looked: string[] = [];
  const names = settings.names ?? { jm: ['10.0.0.1'], 'tm-1': ['10.0.0.2'] };
  let aborts = 0;
  const means: Partial<HttpMeans> = {
    targets: () => ['rest=jm:8081', 'blob-server=jm:6124', 'tm-1:6121', '[2001:db8::1]:6121', '10.0.0.9:6123'],
    untouched: () => settings.untouched ?? [],
    resolve: async (name) => {
      looked.push(name);
      const found = names[name];
      if (found === undefined) throw new Error('ENOTFOUND');
      return found;
    },
    probe: (target, module, signal, name) => {
      made.push({ target, module, name });
      signal.addEventListener('abort', () => {
        aborts += 1;
      });
      if (report === 'never') return new Promise(() => undefined);
      return report instanceof Error ? Promise.reject(report) : Promise.resolve(report);
    },
  };
  const { address } = await served(new StandIn([]), { probe: { allow: settings.allow ?? 'configured' } }, means);
  return { url: `${address}/probe`, made, looked, names, aborted: () => aborts };
}

async function ask(
  url: string,
  query: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}${query}`, { headers });
  return { status: response.status, text: await response.text() };
}

function values(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries(parseExposition(text).samples.map(({ name, value }) => [name, value]));
}

t.test('a probe answers in the names of blackbox_exporter', async (t) => {
  const { url, made } = await probing(reportOf({ observations: [asked('tm-1')] }));
  const { status, text } = await ask(url, '?target=rest=jm:8081&module=standard');
  t.equal(status, 200);
  t.strictSame(lint(text), []);
  const end = Date.parse('2027-02-19T12:00:00Z') / 1000;
  t.match(values(text), {
    probe_success: 1,
    probe_timeout_seconds: 10,
    probe_ssl_earliest_cert_expiry: end,
    probe_ssl_last_chain_expiry_timestamp_seconds: end,
  });
  t.ok(values(text).probe_duration_seconds! >= 0);
  const { samples } = parseExposition(text);
  t.match(
    samples.find(({ name }) => name === 'probe_tls_version_info'),
    { labels: { version: 'TLS 1.2' }, value: 1 },
  );
  t.match(
    samples.find(({ name }) => name === 'probe_tls_cipher_info'),
    {
      labels: { cipher: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' },
    },
  );
  t.match(samples.find(({ name }) => name === 'probe_ssl_last_chain_info')?.labels, {
    fingerprint_sha256: certificate().sha256,
    subject: certificate().subject,
    issuer: certificate().issuer,
    subjectalternative: 'jm,10.77.0.1',
    serialnumber: '3b01',
  });
  t.strictSame(made, [{ target: 'rest=10.0.0.1:8081', module: 'standard', name: 'jm' }], 'the address is asked, once');
});

t.test('a probe that fails is 200 with probe_success 0, and tells its certificate all the same', async (t) => {
  const old = certificate({ notAfter: '2020-01-01T00:00:00Z' });
  const tls = tlsDetails({ serverCertificate: { seen: 'present', truncated: false, chain: [old] } });
  const failing = await probing(reportOf({ observations: [asked('tm-1', { tls })], findings: [accused('tm-1')] }));
  const one = await ask(failing.url, '?target=tm-1:6121');
  t.equal(one.status, 200);
  t.match(values(one.text), { probe_success: 0, probe_ssl_earliest_cert_expiry: 1577836800 });
  t.match(one.text, /flinkprobe_check_status\{check="strangers-accepted",severity="critical",status="fail"\} 1/);
  const silent = await probing(reportOf({ observations: [unanswered('tm-1')], change: { verdict: 'inconclusive' } }));
  const two = await ask(silent.url, '?target=tm-1:6121');
  t.equal(two.status, 200);
  t.match(values(two.text), { probe_success: 0, flinkprobe_channel_up: 0 });
  t.notMatch(two.text, /probe_ssl/);
  const broken = await probing(new Error('no such thing'));
  const three = await ask(broken.url, '?target=tm-1:6121');
  t.equal(three.status, 200);
  t.equal(values(three.text).probe_success, 0);
  t.notMatch(three.text, /no such thing/);
});

t.test('each probe has a registry of its own', async (t) => {
  const { url } = await probing(reportOf({ observations: [asked('tm-1')] }));
  await ask(url, '?target=tm-1:6121');
  const { text } = await ask(url, '?target=rest=jm:8081');
  t.equal(parseExposition(text).samples.filter(({ name }) => name === 'probe_success').length, 1);
});

t.test('a missing target and an unknown module are 400', async (t) => {
  const { url, made, looked } = await probing(reportOf({}));
  const before = [...looked];
  for (const query of [
    ...['', '?target=', '?target=jm', '?target=jm:0', '?target=jm:65536', '?target=jm:8081&module=http_2xx'],
    ...['?target=jm:8081&target=jm:1', '?target=http://jm:8081', '?target=jm:8081/x', '?target=nothing=jm:8081'],
    ...['?target=collect-sink=jm:1', '?target=jm:8081&debug=yes', '?target=a b:1', '?target=user@jm:8081'],
    ...[
      '?target=0x7f.1:80',
      '?target=2130706433:80',
      '?target=127.1:80',
      '?target=[::1:80',
      '?target=jm:8081%0d%0ax:1',
    ],
  ]) {
    t.equal((await ask(url, query)).status, 400, query);
  }
  t.strictSame([made, looked], [[], before], 'nobody was asked, no name looked up');
});

t.test('a target that the settings do not name is 403, and nothing is opened or looked up', async (t) => {
  const { url, made, looked } = await probing(reportOf({}));
  const before = [...looked];
  for (const target of [
    ...['169.254.169.254:80', 'metadata.google.internal:80', 'jm:8082', '127.0.0.1:22', '[::1]:22', 'tm-1:22'],
    ...['10.0.0.1:8082', '[::ffff:169.254.169.254]:80', 'jm.evil.example:8081', '10.0.0.9:22'],
  ]) {
    t.equal((await ask(url, `?target=${encodeURIComponent(target)}`)).status, 403, target);
  }
  t.strictSame([made, looked], [[], before]);
  for (const target of ['[2001:db8::1]:6121', '[2001:0DB8:0:0::0001]:6121', '[::ffff:10.0.0.9]:6123']) {
    t.equal((await ask(url, `?target=${encodeURIComponent(target)}`)).status, 200, `${target} is written otherwise`);
  }
});

t.test('a name that leads elsewhere than when the settings were loaded is refused', async (t) => {
  const { url, made, names } = await probing(reportOf({}));
  t.equal((await ask(url, '?target=tm-1:6121')).status, 200);
  names['tm-1'] = ['169.254.169.254'];
  t.equal((await ask(url, '?target=tm-1:6121')).status, 403);
  names['tm-1'] = ['10.0.0.2', '127.0.0.1'];
  t.equal(
    (await ask(url, '?target=tm-1:6121')).status,
    403,
    'one of two will not do: which is asked is not ours to say',
  );
  names['tm-1'] = ['10.0.0.2'];
  t.equal((await ask(url, '?target=tm-1:6121')).status, 200);
  t.equal(made.length, 2);
});

t.test('a name is looked up once, and what it said then is asked', async (t) => {
  const { url, made, looked } = await probing(reportOf({}));
  const before = looked.length;
  await ask(url, '?target=tm-1:6121');
  t.equal(looked.length, before + 1);
  t.equal(made[0]!.target, '10.0.0.2:6121');
});

t.test('networks and hosts may be allowed, and everything', async (t) => {
  const { url } = await probing(reportOf({}), { allow: ['10.0.0.0/24', 'fd00::/8', 'db.example', '192.0.2.7:443'] });
  for (const [target, status] of [
    ...[['10.0.0.200:1', 200] as const, ['10.0.1.1:1', 403] as const, ['[fd12::1]:9', 200] as const],
    ...[['[fe80::1]:9', 403] as const, ['jm:8081', 200] as const, ['192.0.2.7:443', 200] as const],
    ...[['192.0.2.7:80', 403] as const, ['nowhere:1', 403] as const, ['[::ffff:10.0.0.3]:1', 200] as const],
  ]) {
    t.equal((await ask(url, `?target=${encodeURIComponent(target)}`)).status, status, target);
  }
  const any = await probing(reportOf({}), { allow: 'any' });
  t.equal((await ask(any.url, '?target=203.0.113.5:443')).status, 200);
});

t.test('hosts of a cluster that must not be asked are refused, by whatever list, name or address', async (t) => {
  const { url, made } = await probing(reportOf({}), {
    allow: 'any',
    names: { off: ['10.0.0.5'], alias: ['10.0.0.5'], jm: ['10.0.0.1'], 'tm-1': ['10.0.0.2'] },
    untouched: ['rest=off:8081', '10.0.0.9:8081', 'jm:1'],
  });
  for (const [target, status] of [
    ...[['off:8081', 403] as const, ['off:6123', 403] as const, ['10.0.0.5:6123', 403] as const],
    ...[['alias:6123', 403] as const, ['10.0.0.9:8081', 403] as const, ['10.0.0.1:9', 403] as const],
    ...[['10.0.0.9:6123', 200] as const, ['jm:8081', 200] as const, ['203.0.113.5:443', 200] as const],
  ]) {
    const { status: found, text } = await ask(url, `?target=${encodeURIComponent(target)}`);
    t.equal(found, status, target);
    if (status === 403) t.match(text, /active: off/);
  }
  t.equal(made.length, 3, 'a port that another cluster names is its own');
});

t.test('the timeout is that of the scrape less half a second, and it is kept', async (t) => {
  const { url, aborted } = await probing('never');
  const start = performance.now();
  const { status, text } = await ask(url, '?target=tm-1:6121', { 'x-prometheus-scrape-timeout-seconds': '0.8' });
  const took = performance.now() - start;
  t.equal(status, 200);
  t.match(values(text), { probe_success: 0, probe_timeout_seconds: 0.3 });
  t.ok(took > 290 && took < 1500, `${took} ms`);
  t.equal(aborted(), 1);
  for (const bad of ['soon', '-1', '0', '1e3', 'NaN']) {
    const { status } = await ask(url, '?target=tm-1:6121', { 'x-prometheus-scrape-timeout-seconds': bad });
    t.equal(status, 400, bad);
  }
});

t.test('debug tells the report before the metrics', async (t) => {
  const { url } = await probing(reportOf({ observations: [asked('tm-1')] }));
  const { text } = await ask(url, '?target=tm-1:6121&debug=true');
  t.match(
    text,
    /which succeeded after[\s\S]*CHANNEL[\s\S]*Metrics that would have been returned:\n# HELP probe_success/,
  );
});

t.test('a page of another site cannot make the daemon connect', async (t) => {
  const { url, made } = await probing(reportOf({}));
  t.equal((await ask(url, '?target=tm-1:6121', { 'sec-fetch-site': 'cross-site' })).status, 403);
  t.strictSame(made, []);
});

t.test('too many at once are told to come back', async (t) => {
  const probe = (): Promise<never> => new Promise(() => undefined);
  const { address } = await served(new StandIn([]), { probe: { allow: 'any' } }, { probe, limits: { probes: 2 } });
  const timeout = { 'x-prometheus-scrape-timeout-seconds': '0.8' };
  const all = await Promise.all([1, 2, 3].map(() => ask(`${address}/probe`, '?target=10.0.0.1:1', timeout)));
  t.strictSame(all.map(({ status }) => status).sort(), [200, 200, 503]);
  t.equal((await ask(`${address}/probe`, '?target=10.0.0.1:1', timeout)).status, 200, 'places are given back');
});

t.test('targets of the settings are read as verify reads them', async (t) => {
  const one = { active: 'on', targets: ['rest=jm:8081', 'tm-1'], rest: { url: 'https://flink.example/x' } };
  const clusters = [one, { active: 'off', targets: ['db:1'] }] as never;
  t.strictSame(configuredTargets({ clusters }), ['rest=jm:8081', 'tm-1', 'flink.example:443']);
  t.strictSame(untouchedTargets({ clusters }), ['db:1']);
  t.strictSame(parseProbeTarget('blob-server=[2001:DB8::1]:6124'), {
    channel: 'blob-server',
    host: '2001:db8::1',
    port: 6124,
  });
  t.equal(canonicalAddress('::ffff:10.1.2.3'), '10.1.2.3');
  t.equal(canonicalAddress('0:0:0:0:0:0:0:1'), '::1');
});
