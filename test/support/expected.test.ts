import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CHANNEL_IDS } from '../../src/model/channel.ts';
import { pcapBytes, recordings, repositoryRoot } from './expected.ts';

const README = readFileSync(join(repositoryRoot(), 'captures', 'README.md'), 'utf8');
const PCAP_GLOBAL_HEADER = 24;
const PCAP_RECORD_HEADER = 16;

t.test('there are ten shipped recordings and twenty others, each with its configurations', async (t) => {
  t.equal(recordings('shipped').length, 10);
  t.equal(recordings('others').length, 20);
  for (const { name, configurations } of recordings()) {
    t.ok(
      configurations.some(({ member }) => member === 'jm'),
      name,
    );
    for (const { folder } of configurations) {
      t.ok(existsSync(join(folder, 'config.yaml')) || existsSync(join(folder, 'flink-conf.yaml')), folder);
    }
  }
});

t.test('every recording is the one that its facts were taken from', async (t) => {
  for (const one of recordings()) {
    const bytes = pcapBytes(one);
    t.equal(createHash('sha256').update(bytes).digest('hex'), one.expected.file.sha256, one.name);
    t.equal(bytes.length, one.expected.file.bytes, one.name);
    t.equal(countPackets(bytes), one.expected.file.packets, one.name);
  }
});

t.test('provenance has one row a recording, and a recording a row', async (t) => {
  const rows = [...README.matchAll(/^\| `(\d[^`]+)` \| ([\d.]+) \| .* \| `([0-9a-f]{64})` \|$/gm)];
  const stated = rows.map(([, name, version, hash]) => [name, version, hash]);
  const there = recordings().map(({ expected }) => [expected.case, expected.flinkVersion, expected.file.sha256]);
  t.same(stated.sort(), there.sort());
});

t.test('every problem word is explained and every channel is one of the contract', async (t) => {
  for (const { name, expected } of recordings()) {
    for (const { problem, channel, under } of [...expected.mustFind, ...expected.mustNotFind]) {
      t.ok(README.includes(`\`${problem}\``), `${name}: ${problem}`);
      t.ok(CHANNEL_IDS.includes(channel), `${name}: ${channel}`);
      t.ok(under.length > 0, `${name}: ${problem}`);
    }
  }
});

t.test('no statement is both demanded and forbidden', async (t) => {
  for (const { name, expected } of recordings()) {
    const forbidden = new Set(
      expected.mustNotFind.flatMap((one) => one.under.map((run) => `${run} ${one.problem} ${one.channel}`)),
    );
    const clashes = expected.mustFind
      .flatMap((one) => one.under.map((run) => `${run} ${one.problem} ${one.channel}`))
      .filter((statement) => forbidden.has(statement));
    t.same(clashes, [], name);
  }
});

t.test('totals of a recording are the sums of its servers', async (t) => {
  for (const { name, expected } of recordings()) {
    const sum = (field: 'answered' | 'refused' | 'midstream' | 'unanswered'): number =>
      expected.servers.reduce((total, server) => total + server[field], 0);
    for (const field of ['answered', 'refused', 'midstream', 'unanswered'] as const) {
      t.equal(sum(field), expected.connections[field], `${name}: ${field}`);
    }
    const applicationData = expected.servers.reduce(
      (total, { tls }) =>
        total + (tls?.records.client.applicationData ?? 0) + (tls?.records.server.applicationData ?? 0),
      0,
    );
    t.equal(applicationData, expected.tlsRecords.applicationData ?? 0, `${name}: TLS records`);
  }
});

t.test('nothing else lies in the folders', async (t) => {
  for (const folder of ['captures', join('test', 'captures')]) {
    const strangers = readdirSync(join(repositoryRoot(), folder)).filter(
      (name) => !/^(?:README\.md|facts\.py|cases\.json|hosts\.txt|\d.*\.(?:pcap\.gz|expected\.json|conf))$/.test(name),
    );
    t.same(strangers, [], folder);
  }
});

/** Little-endian classic pcap: walks from record header to record header. */
function countPackets(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let count = 0;
  for (let at = PCAP_GLOBAL_HEADER; at < bytes.length; count += 1)
    at += PCAP_RECORD_HEADER + view.getUint32(at + 8, true);
  return count;
}
