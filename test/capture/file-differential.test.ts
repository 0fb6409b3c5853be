import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { type CaptureSummary, readCapture } from '../../src/capture/file.ts';
import { concat, u64 } from '../support/pcap-writer.ts';
import { PcapngWriter, text } from '../support/pcapng-writer.ts';

/** A recording of a Flink cluster; see the README beside it. */
const recording = gunzipSync(readFileSync(new URL('../../../test/captures/1.20.3-rest-mtls.pcap.gz', import.meta.url)));

/** Frame number, length on the wire, captured length, seconds, nanoseconds. */
type Line = readonly number[];

async function read(file: string): Promise<{ readonly summary: CaptureSummary; readonly lines: readonly Line[] }> {
  const lines: Line[] = [];
  const summary = await readCapture(file, {
    onPacket: ({ frame, originalLength, start, end, seconds, nanoseconds }) =>
      lines.push([frame, originalLength, end - start, seconds, nanoseconds]),
  });
  return { summary, lines };
}

function tshark(file: string): readonly Line[] {
  const fields = ['frame.number', 'frame.len', 'frame.cap_len', 'frame.time_epoch'].flatMap((name) => ['-e', name]);
  const options = { maxBuffer: 1 << 26, encoding: 'utf8' } as const;
  const { stdout } = spawnSync('tshark', ['-r', file, '-T', 'fields', ...fields], options);
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => {
    const [frame, length, captured, time] = line.split('\t');
    const [seconds, fraction] = time!.split('.');
    return [Number(frame), Number(length), Number(captured), Number(seconds), Number(fraction!.padEnd(9, '0'))];
  });
}

const missing = ['tshark', 'editcap', 'mergecap'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const skip = missing.length > 0 ? `${missing.join(' and ')} not found` : false;

t.test('agrees with tshark on a recording in all formats that editcap writes', { skip }, async (t) => {
  const folder = t.testdir({ 'x.pcap': recording });
  const formats: readonly (readonly [string, string])[] = [
    ['pcap', 'pcap'],
    ['nsecpcap', 'pcap-ns'],
    ['modpcap', 'pcap-modified'],
    ['nokiapcap', 'pcap-nokia'],
    ['rh6_1pcap', 'pcap-ss990417'],
    ['suse6_3pcap', 'pcap-ss990915'],
    ['pcapng', 'pcapng'],
  ];
  for (const [name, format] of formats) {
    const file = path.join(folder, `${name}.cap`);
    // Cut to 300 bytes, and moved by some nanoseconds where the format has them.
    spawnSync('editcap', ['-F', name, '-s', '300', '-t', '0.000000123', path.join(folder, 'x.pcap'), file]);
    const expected = tshark(file);
    t.ok(expected.length > 1000);
    const { summary, lines } = await read(file);
    t.equal(summary.format, format);
    t.same(lines, expected, name);
    t.equal(summary.cutPackets, expected.filter(([, length, captured]) => captured! < length!).length);
    t.same(summary.problems, []);
  }
});

t.test('agrees with tshark on merged files with interfaces of their own resolution', { skip }, async (t) => {
  const folder = t.testdir({ 'a.pcap': recording });
  const file = (name: string) => path.join(folder, name);
  spawnSync('editcap', ['-F', 'nsecpcap', '-r', '-t', '0.000000777', file('a.pcap'), file('b.pcap'), '1-300']);
  spawnSync('editcap', ['-r', '-s', '60', file('a.pcap'), file('c.pcap'), '100-500']);
  spawnSync('mergecap', ['-F', 'pcapng', '-I', 'none', '-w', file('merged'), file('b.pcap'), file('c.pcap')]);
  const { summary, lines } = await read(file('merged'));
  t.equal(lines.length, 701);
  t.same(lines, tshark(file('merged')));
  t.match(summary, { format: 'pcapng', precision: 'ns', nextInterfaceId: 2, problems: [] });
});

t.test('agrees with tshark on sections of mixed byte order, old blocks and rare resolutions', { skip }, async (t) => {
  const data = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i & 0xff);
  const l = new PcapngWriter('little-endian');
  const b = new PcapngWriter('big-endian');
  const binary = { code: 9, value: Uint8Array.of(0x8a) };
  const offset = { code: 14, value: u64(100n, 'little-endian') };
  const capture = concat(
    l.sectionHeader(),
    l.interfaceDescription(),
    l.interfaceDescription(101, 100, [binary, offset]),
    l.enhancedPacket(0, 1_700_000_000_000_005n, data(64)),
    l.enhancedPacket(1, 1_700_000_000n * 1024n + 513n, data(90), { original: 1000 }),
    l.block(9, text('__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=counted as a frame\n')),
    l.obsoletePacket(0, 3, 1_700_000_001_000_000n, data(66)),
    b.sectionHeader([1, 2]),
    b.interfaceDescription(1, 0, [{ code: 9, value: Uint8Array.of(9) }]),
    b.block(0x80000001, data(13)),
    b.enhancedPacket(0, 1_700_000_000_123_456_789n, data(68)),
  );
  const file = path.join(t.testdir({ x: Buffer.from(capture) }), 'x');
  const journalFrame = 3;
  t.same(
    (await read(file)).lines,
    tshark(file).filter(([frame]) => frame !== journalFrame),
  );
});
