import { existsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Transcript } from '../../../src/net/wire.ts';
import { CaptureWriter } from '../../../src/observe/active/capture-writer.ts';
import { bothWays } from '../../support/both-ways.ts';
import { missing, run, tsharkRows } from '../../support/capture-tools.ts';
import { Talker } from '../../support/openssl.ts';
import { mintLeaf } from '../../support/pki.ts';
import { segmentProxy, serve } from '../../support/scripted-server.ts';
import { bytesOf, hearAll, replay, talk, talkTls, talkTo } from '../../support/wire-client.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex');
const identity = mintLeaf('jobmanager');
const noTshark = missing('tshark');

/** A port at which nobody listens. */
const LOCAL = { host: '10.0.0.2', port: 40_000 };
const REFUSED: Transcript = {
  local: LOCAL,
  remote: LOCAL,
  startedAt: 1,
  fault: 'refused',
  events: [],
  endedAt: 2,
  secrets: [],
};

/** Large, small, refused, reset, TLS of both versions. */
async function variety(): Promise<Transcript[]> {
  const gone = await serve([]);
  await gone.close();
  const all: Transcript[] = [
    await replay('rpc-1.20.3'),
    await talk(gone),
    await talkTo([{ do: 'send', bytes: hex('no') }, { do: 'rst' }], (wire) => hearAll(wire, 500)),
    await talkTo([{ do: 'send', bytes: new Uint8Array(200_000).fill(5) }, { do: 'fin' }], (wire) => hearAll(wire, 500)),
    await talkTo([], async (wire) => wire.send(new Uint8Array(150_000).fill(6))),
    await talkTo([], (wire) => hearAll(wire, 10), 'rst'),
    { ...(await talk(gone)), fault: 'timeout' },
  ];
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const http = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';
    const server = await serve([
      { do: 'tls', options: { ...identity, maxVersion } },
      { do: 'expect', bytes: 'any' },
      { do: 'send', bytes: hex(http) },
    ]);
    const slow = await segmentProxy(server, 1);
    const request = 'GET /config HTTP/1.1\r\nhost: jobmanager\r\n\r\n';
    all.push(await talkTls(server, {}, request), await talkTls(slow, {}, request));
    await slow.close();
    await server.close();
  }
  return all;
}

t.test('the file is for its owner alone, also where it was there before', (t) => {
  const folder = t.testdir();
  const fresh = path.join(folder, 'fresh.pcapng');
  const old = path.join(folder, 'old.pcapng');
  writeFileSync(old, 'x'.repeat(10_000), { mode: 0o644 });
  for (const file of [fresh, old]) {
    const writer = new CaptureWriter(file, 'flinkprobe test');
    t.equal(statSync(file).mode & 0o777, 0o600);
    t.strictSame(writer.finish(), { connections: 0, packets: 0 });
    t.ok(statSync(file).size < 200, 'nothing of an older file is left');
  }
  t.throws(() => new CaptureWriter(path.join(folder, 'none', 'x.pcapng'), 'x'), { code: 'ENOENT' });
  t.end();
});

t.test(
  'a full disk ends the writing, not the probing',
  { skip: existsSync('/dev/full') ? false : 'no /dev/full' },
  (t) => {
    const mode = statSync('/dev/full').mode;
    const writer = new CaptureWriter('/dev/full', 'x');
    t.equal(writer.keep(REFUSED), undefined);
    const { problem, ...written } = writer.finish();
    t.strictSame(written, { connections: 0, packets: 0 });
    t.match(problem, /^\/dev\/full: byte 0: ENOSPC/);
    t.equal(statSync('/dev/full').mode, mode, 'a device keeps its mode');
    t.end();
  },
);

t.test('a connection that was never asked for leaves nothing', (t) => {
  const writer = new CaptureWriter(path.join(t.testdir(), 'x.pcapng'), 'x');
  t.equal(writer.keep({ ...REFUSED, fault: 'connection-limit' }), undefined);
  t.strictSame(writer.keep(REFUSED), { first: 1, last: 2 });
  t.strictSame(writer.keep({ ...REFUSED, fault: 'timeout' }), { first: 3, last: 3 });
  t.strictSame(writer.keep(REFUSED), { first: 4, last: 5 });
  t.strictSame(writer.finish(), { connections: 3, packets: 5 });
  t.end();
});

t.test('tshark reads what was written', { skip: noTshark }, async (t) => {
  const transcripts = await variety();
  const { file, frames, written } = await bothWays(transcripts, t.testdir());

  t.test('frame by frame what crossed, without complaint', async (t) => {
    const checked = ['-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'];
    const fields = ['frame.number', 'tcp.stream', 'tcp.srcport', 'tcp.payload', 'frame.time_epoch'] as const;
    const rows = tsharkRows(file, 'tcp', fields, checked);
    t.equal(rows.length, written.packets);
    const complaints = 'tcp.analysis.flags || _ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0';
    t.strictSame(tsharkRows(file, complaints, ['frame.number'], checked), []);
    for (const [index, transcript] of transcripts.entries()) {
      const { first, last } = frames[index]!;
      const mine = rows.slice(first - 1, last);
      t.equal(new Set(mine.map((row) => row['tcp.stream'][0])).size, 1, 'one connection, one stream');
      for (const side of [0, 1] as const) {
        const port = String(side === 0 ? transcript.local.port : transcript.remote.port);
        const payload = mine.flatMap((row) => (row['tcp.srcport'][0] === port ? row['tcp.payload'] : [])).join('');
        t.equal(payload, bytesOf(transcript, side).toString('hex'), `connection ${index}, side ${side}`);
      }
      const start = Number(mine[0]!['frame.time_epoch'][0]) * 1000;
      t.ok(Math.abs(start - transcript.startedAt) < 0.01, `${start} is ${transcript.startedAt}`);
    }
    t.equal(new Set(rows.map((row) => row['tcp.stream'][0])).size, transcripts.length);
  });

  t.test('inside of TLS by the secrets in the file, handshake and application data', async (t) => {
    const requests = tsharkRows(file, 'http.request && tls', ['frame.number', 'http.request.uri']);
    const answers = tsharkRows(file, 'http.response && tls', ['frame.number', 'http.response.code']);
    const encrypted = frames.slice(-4);
    t.strictSame(
      requests.map((row) => row['http.request.uri'][0]),
      Array(4).fill('/config'),
    );
    for (const [index, { first, last }] of encrypted.map((one) => one!).entries()) {
      const number = Number(answers[index]!['frame.number'][0]);
      t.ok(number >= first && number <= last, `the answer stands in frame ${number} of ${first} to ${last}`);
    }
    const certificates = tsharkRows(file, 'tls.handshake.type == 11', ['frame.number', 'tls.handshake.certificate']);
    const der = Buffer.from(identity.cert.replace(/-----[^-]+-----|\s/g, ''), 'base64').toString('hex');
    t.strictSame(
      certificates.map((row) => row['tls.handshake.certificate'][0]),
      Array(4).fill(der),
    );
  });
});

t.test('attempts that failed are a SYN, and a RST where one came', { skip: noTshark }, async (t) => {
  const gone = await serve([]);
  await gone.close();
  const refused = await talk(gone);
  const { file } = await bothWays([refused, { ...refused, fault: 'timeout' }], t.testdir());
  const rows = tsharkRows(file, 'tcp', ['frame.number', 'tcp.flags']);
  t.strictSame(
    rows.map((row) => [row['frame.number'][0], Number(row['tcp.flags'][0])]),
    [
      ['1', 0x02],
      ['2', 0x14],
      ['3', 0x02],
    ],
  );
});

t.test('the file names its writer', { skip: missing('capinfos') }, async (t) => {
  const { file } = await bothWays([await talkTo([{ do: 'fin' }])], t.testdir());
  const words = run('capinfos', [file]);
  t.match(words, /Capture application: +flinkprobe test/);
  t.match(words, /File type: +Wireshark\/\.\.\. - pcapng/);
  t.match(words, /timestamp precision: +nanoseconds \(9\)/);
});

t.test("OpenSSL's server reads from the file as it was seen", { skip: missing('openssl') }, async (t) => {
  const folder = t.testdir({ 'key.pem': identity.key, 'cert.pem': identity.cert });
  const key = ['-key', path.join(folder, 'key.pem'), '-cert', path.join(folder, 'cert.pem')];
  for (const version of ['-tls1_2', '-tls1_3']) {
    const server = new Talker('openssl', [
      's_server',
      '-accept',
      '127.0.0.1:0',
      '-rev',
      version,
      '-Verify',
      '1',
      ...key,
    ]);
    const port = await server.hear(/ACCEPT 127\.0\.0\.1:(\d+)/);
    if (port === undefined) throw new Error(`s_server does not listen: ${server.output}`);
    const remote = { host: '127.0.0.1', port: Number(port[1]) };
    const transcripts = [
      await talkTls(remote, {}, 'hello\n'),
      await talkTls(remote, identity, 'hello\n'),
      await talk(remote, async (wire) => {
        wire.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
        await hearAll(wire, 200);
      }),
    ];
    server.kill();
    await server.ended();
    const { live, read } = await bothWays(transcripts, folder);
    t.strictSame(read, live);
    t.match(live[0]?.tls, { outcome: 'refused', clientAuthentication: { verdict: 'required', presented: 'empty' } });
    t.match(live[1]?.tls, { outcome: 'established', clientAuthentication: { presented: 'certificate' } });
  }
});
