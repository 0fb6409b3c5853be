import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { type AnalysisRequest, analyse } from '../../src/cli/analysis.ts';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { Topology } from '../../src/flink/topology.ts';
import type { Observation, Report } from '../../src/model/report.ts';
import { type LiveTransfer, LiveView } from '../../src/observe/live.ts';
import { LiveMemory } from '../../src/observe/live-memory.ts';
import { recording } from '../support/expected.ts';
import { frames, scratch, writeFrames } from '../support/transform.ts';

const probes = await loadProbes();
const now = Date.parse('2026-11-22T00:00:00Z');
const judged: Omit<AnalysisRequest, 'captures'> = { configurations: [], expect: [], failOn: 'medium', now };
const bytesOf = (name: string): Buffer => gunzipSync(readFileSync(recording(name).path));

/** What a report says of the traffic. */
function told({ observations, findings, summary, coverage, verdict }: Report): object {
  return { observations, findings, summary, coverage, verdict };
}

for (const name of ['1.20.3-int-gcm', '1.20.3-int-dataoff', '1.17.2-w-off']) {
  t.test(`${name}: read as it comes in, looked at all the time, it is the report of the file`, async (t) => {
    const topology = new Topology(probes);
    const view = new LiveView({ probes, topology });
    const source = view.open({ kind: 'interface', path: 'eth0' });
    const bytes = bytesOf(name);
    for (let at = 0; at < bytes.length; at += 50_000) {
      await source.push(bytes.subarray(at, at + 50_000));
      view.look();
    }
    t.equal(await source.finish('end'), undefined);
    const live = await analyse({ ...judged, captures: [], live: { run: view.finish('complete'), topology } });
    const file = await analyse({ ...judged, captures: [recording(name).path] });
    t.same(told(live), told(file));
    t.match(live, { command: 'sniff', complete: true });
    const { quality, ...input } = live.inputs[0]!;
    const {
      quality: fileQuality,
      compression: _,
      ...fileInput
    } = file.inputs[0]! as Report['inputs'][number] & { compression?: string };
    t.same(quality, fileQuality);
    t.same(input, { ...fileInput, kind: 'interface', path: 'eth0', format: input.format });
  });
}

t.test('a clear transfer is told when its bytes came in, not when its connection ends', async (t) => {
  const list = frames(recording('1.20.3-int-dataoff'));
  const file = await analyse({ ...judged, captures: [recording('1.20.3-int-dataoff').path] });
  const expected = file.observations.flatMap((one) =>
    (one.plaintext?.stateTransfer ?? []).map(({ kind, frame }) => `${kind} ${one.channel} ${one.server.port} ${frame}`),
  );
  t.ok(expected.length > 0);
  const seen: { at: number; text: string }[] = [];
  let at = 0;
  const view = new LiveView({
    probes,
    topology: new Topology(probes),
    onTransfer: ({ observation, transfer }) =>
      seen.push({ at, text: `${transfer.kind} ${observation.channel} ${observation.server.port} ${transfer.frame}` }),
  });
  const source = view.open({ kind: 'interface', path: 'eth0' });
  const whole = writeFrames(list);
  const header = 24;
  await source.push(whole.subarray(0, header));
  let offset = header;
  for (const { data } of list) {
    at++;
    await source.push(whole.subarray(offset, offset + 16 + data.length));
    offset += 16 + data.length;
    view.look();
  }
  t.same(seen.map(({ text }) => text).sort(), expected.sort());
  for (const one of seen) {
    const frame = Number(one.text.split(' ').at(-1));
    t.ok(one.at >= frame && one.at <= frame + 20, `frame ${frame} was told after packet ${one.at}`);
  }
});

t.test('every connection that speaks is told once', async (t) => {
  const seen: Observation[] = [];
  const view = new LiveView({
    probes,
    topology: new Topology(probes),
    onConnection: ({ observation }) => void seen.push(observation),
  });
  const source = view.open({ kind: 'interface', path: 'eth0' });
  const bytes = bytesOf('1.20.3-int-gcm');
  for (let at = 0; at < bytes.length; at += 20_000) {
    await source.push(bytes.subarray(at, at + 20_000));
    view.look();
  }
  const run = view.finish('complete');
  const spoken = run.witness.kept.filter(({ record }) => ['tls', 'clear', 'unknown'].includes(record.speech.kind));
  const client = ({ client: one }: Observation): string => `${one?.host}:${one?.port}`;
  t.same(seen.map(client).sort(), spoken.map(({ record }) => `${record.hosts[0]}:${record.ports[0]}`).sort());
});

t.test('snapshots tell what goes on and what ended lately, and count from one to the next', async (t) => {
  let clock = 0;
  const memory = new LiveMemory({ rememberMs: 600_000, clock: () => clock });
  const topology = new Topology(probes);
  const view = new LiveView({ probes, topology, memory });
  const source = view.open({ kind: 'interface', path: 'eth0' });
  await source.push(bytesOf('1.20.3-int-dataoff'));
  view.look();
  const before = view.totals;
  const first = view.snapshot();
  t.ok(first.inputs[0]!.packets! > 100);
  t.equal(first.inputs[0]!.packets, before.packets);
  const report = await analyse({ ...judged, captures: [], live: { run: first, topology } });
  const file = await analyse({ ...judged, captures: [recording('1.20.3-int-dataoff').path] });
  const rules = ({ findings }: Report): string[] =>
    [
      ...new Set(
        findings
          .filter(({ verdict }) => verdict === 'fail')
          .map((one) => `${one.ruleId} ${one.channel} ${one.endpoint?.port}`),
      ),
    ].sort();
  t.same(rules(report), rules(file));
  t.equal(report.verdict, 'fail');
  const second = view.snapshot();
  t.equal(second.inputs[0]!.packets, 0);
  t.equal(second.witness.totals.clearBytes, 0);
  t.ok(second.witness.kept.length > 0, 'what was seen a moment ago is still told');
  t.same(view.totals, before, 'totals count from the beginning');
  // Everything is long ago: nothing was heard since.
  clock = 1_200_000;
  view.snapshot();
  t.equal(memory.list().length, 0);
});

t.test(
  'evidence is a capture of the connection that carried state, from its first packet on, and no longer than said',
  async (t) => {
    const write = scratch(t);
    const evidence: LiveTransfer[] = [];
    const view = new LiveView({
      probes,
      topology: new Topology(probes),
      evidenceBytes: 20_000,
      onTransfer: (one) => {
        if (one.evidence !== undefined) evidence.push(one);
      },
    });
    const source = view.open({ kind: 'interface', path: 'eth0' });
    const bytes = bytesOf('1.20.3-int-dataoff');
    for (let at = 0; at < bytes.length; at += 5000) {
      await source.push(bytes.subarray(at, at + 5000));
      view.look();
    }
    t.ok(evidence.length > 0);
    for (const [at, { evidence: capture, observation }] of evidence.entries()) {
      t.ok(capture!.length < 30_000);
      const file = write(`${at}.pcapng`, capture!);
      const report = await analyse({ ...judged, captures: [file] });
      t.equal(report.observations.length, 1);
      const [one] = report.observations;
      t.match(one, {
        observedAt: new RegExp(observation.observedAt.slice(0, 23)),
        roleBasis: observation.roleBasis,
        kind: 'plaintext',
        server: { host: observation.server.host, port: observation.server.port },
        client: { port: observation.client!.port },
      });
    }
  },
);

t.test('packets of several sources are one run, numbered as they come', async (t) => {
  const topology = new Topology(probes);
  const view = new LiveView({ probes, topology });
  const sources = ['eth0', 'eth1'].map((path) => view.open({ kind: 'interface', path }));
  const names = ['1.20.3-int-gcm', '1.20.3-int-dataoff'];
  for (const [at, name] of names.entries()) await sources[at]!.push(bytesOf(name));
  sources[1]!.tellDrops(7);
  for (const source of sources) await source.finish('end');
  const run = view.finish('complete');
  t.match(run.inputs, [
    { path: 'eth0', quality: { captureDrops: 0 } },
    { path: 'eth1', quality: { captureDrops: 7 } },
  ]);
  t.equal(
    run.inputs.reduce((sum, { packets }) => sum + packets!, 0),
    names.reduce((sum, name) => sum + recording(name).expected.file.packets, 0),
  );
  const first = run.witness.kept.map(({ record }) => record.first.frame);
  t.equal(new Set(first).size, first.length);
  const report = await analyse({ ...judged, captures: [], live: { run, topology } });
  t.match(
    report.findings.find(({ ruleId }) => ruleId === 'capture-lost-packets'),
    { verdict: 'inconclusive', observed: /7 packets dropped/ },
  );
});

t.test('what is no capture is said, and the view goes on', async (t) => {
  const view = new LiveView({ probes, topology: new Topology(probes) });
  const short = view.open({ kind: 'capture', path: 'x.pcap' });
  await short.push(Buffer.from('d4c3b2a1', 'hex'));
  t.match(await short.finish('end'), /x\.pcap/);
  const good = view.open({ kind: 'capture', path: 'y.pcap' });
  await good.push(bytesOf('1.20.3-int-gcm'));
  await good.finish('end');
  const run = view.finish('complete');
  const [unread] = run.inputs;
  t.equal(unread!.path, 'x.pcap');
  t.ok(unread!.quality!.problems.some(({ reason }) => reason === 'read-error'));
  t.ok(run.witness.kept.length > 0);
  t.same(run.place(run.witness.kept[0]!.record.first.frame), {
    frame: run.witness.kept[0]!.record.first.frame,
    file: 'y.pcap',
  });
});

/** All but the end of a recording, so that its connections are open. */
const beginningOf = (name: string): Buffer => bytesOf(name).subarray(0, Math.floor(bytesOf(name).length * 0.9));

t.test('a packet with a time of tomorrow hides no connection', async (t) => {
  const keptOf = async (bytes: Buffer): Promise<number> => {
    const memory = new LiveMemory({ rememberMs: 300_000, clock: () => 0 });
    const view = new LiveView({ probes, topology: new Topology(probes), memory });
    await view.open({ kind: 'interface', path: 'eth0' }).push(bytes);
    view.look();
    return view.snapshot().witness.kept.length;
  };
  const bytes = beginningOf('1.20.3-int-dataoff');
  const kept = await keptOf(bytes);
  t.ok(kept > 5);
  const first = 24;
  bytes.writeUInt32LE(bytes.readUInt32LE(first) + 86_400, first);
  t.equal(await keptOf(bytes), kept);
});

t.test('an open connection of which nothing is heard for long is told no more, until it speaks again', async (t) => {
  let clock = 0;
  const memory = new LiveMemory({ rememberMs: 300_000, clock: () => clock });
  const view = new LiveView({ probes, topology: new Topology(probes), memory });
  const source = view.open({ kind: 'interface', path: 'eth0' });
  const bytes = beginningOf('1.20.3-int-dataoff');
  await source.push(bytes);
  view.look();
  clock = 200_000;
  view.look();
  const { segments } = view;
  t.ok(segments > 0);
  t.ok(view.snapshot().witness.kept.length > 5);
  clock = 300_001;
  view.look();
  t.same(view.snapshot().witness.kept, []);
  t.equal(view.segments, segments);
  await source.push(bytesOf('1.20.3-int-dataoff').subarray(bytes.length));
  t.ok(view.snapshot().witness.kept.length > 0, 'those that spoke since, before anybody looked');
  t.ok(view.segments > segments);
});
