import fc from 'fast-check';
import t from 'tap';
import type { ClearReading } from '../../src/model/probe.ts';
import { http } from '../../src/protocols/http.ts';
import { parseTarget } from '../../src/protocols/http-path.ts';
import {
  checkpointObject,
  concernsCheckpoints,
  namesCheckpoints,
  uploadsObject,
} from '../../src/protocols/object-storage.ts';
import { bytesOf, follow, recordedStream, spoken } from '../support/http-streams.ts';

const JOB = '1470c775065164e65c7b8d53a6feff43';
const UUID = '2203e72b-3b3a-4df3-96b1-638c69e5f47a';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

function put(path: string, body: string, headers = ''): ClearReading {
  const head = `PUT ${path} HTTP/1.1\r\nHost: s3:9000\r\n${headers}Content-Length: ${body.length}\r\n\r\n`;
  return follow(http, spoken(['c', head + body], ['s', OK])).reading();
}

function kinds(reading: ClearReading): readonly string[] {
  return reading.stateTransfer.map((one) => `${one.side} ${one.kind} ${one.bytes}`);
}

t.test('tells encryption at rest by the header of request or answer, never a key', (t) => {
  const path = `/b/ck/${JOB}/shared/${UUID}`;
  const told = (reading: ClearReading): unknown => reading.details.encryptionAtRest;
  t.equal(told(put(path, 'x', 'x-amz-server-side-encryption: aws:kms\r\n')), 'aws:kms');
  const answer = 'HTTP/1.1 200 OK\r\nx-amz-server-side-encryption: AES256\r\nContent-Length: 0\r\n\r\n';
  const head = `PUT ${path} HTTP/1.1\r\nHost: s3\r\nContent-Length: 1\r\n\r\nx`;
  t.equal(told(follow(http, spoken(['c', head], ['s', answer])).reading()), 'AES256');
  const customer = put(
    path,
    'x',
    'x-amz-server-side-encryption-customer-key: CANARY\r\nx-amz-server-side-encryption-customer-algorithm: AES256\r\n',
  );
  t.equal(told(customer), 'AES256');
  t.notMatch(JSON.stringify(customer), /CANARY/);
  t.equal(told(put(path, 'x')), undefined);
  t.equal(told(put(path, 'x', 'x-amz-server-side-encryption: what is no word\r\n')), undefined);
  t.equal(told(follow(http, spoken(['c', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'], ['s', answer])).reading()), undefined);
  t.end();
});

t.test("knows the objects of Flink's directory layout", (t) => {
  const kind = (path: string): string | undefined => checkpointObject(path)?.kind;
  t.equal(kind(`/b/ck/${JOB}/chk-7/${UUID}`), 'state-file');
  t.equal(kind(`/b/ck/${JOB}/shared/${UUID}`), 'state-file');
  t.equal(kind(`/b/ck%2F${JOB}%2Ftaskowned%2F${UUID}`), 'state-file');
  t.equal(kind(`/b/ck/${JOB}/chk-7/_metadata`), 'metadata');
  t.equal(kind('/b/sp/savepoint-1470c7-a0c7365fd6b7/_metadata'), 'metadata');
  t.equal(kind(`/b/sp/savepoint-1470c7-a0c7365fd6b7/${UUID}`), 'savepoint-file');
  t.equal(kind(`/b/${JOB}/dstl/${UUID}`), 'changelog-file');
  t.equal(kind(`/b/ck/${JOB}/chk-7/`), 'directory');
  for (const path of [
    '/',
    '/b/chk-7/x',
    `/b/${JOB}`,
    `/b/${JOB}/chk-x/${UUID}`,
    '/b/_metadata',
    '/b/savepoint-x/_metadata',
  ]) {
    t.equal(kind(path), undefined, path);
  }
  t.same(checkpointObject(`/b/${JOB}/chk-7/_metadata`), {
    kind: 'metadata',
    path: `/b/${JOB}/chk-7/_metadata`,
    folder: 'chk-7',
    jobId: JOB,
  });
  t.end();
});

t.test('tells requests about checkpoints from others', (t) => {
  const concerns = (target: string): boolean => concernsCheckpoints(parseTarget(target));
  t.equal(concerns(`/flink/?list-type=2&prefix=ck%2F${JOB}%2Fchk-1%2F`), true);
  t.equal(concerns(`/flink/?prefix=ck%2F${JOB}%2F`), false);
  t.equal(concerns(`/flink/sp/savepoint-1470c7-a0c7365fd6b7/${UUID}`), false, 'needs the body too');
  t.equal(namesCheckpoints(`<Delete><Object><Key>ck/${JOB}/chk-1/${UUID}</Key></Object></Delete>`), true);
  t.equal(namesCheckpoints('<Delete><Object><Key>ck/</Key></Object></Delete>'), false);
  t.equal(uploadsObject('POST', parseTarget('/x/_metadata?uploads')), false);
  t.equal(uploadsObject('POST', parseTarget('/x/_metadata?uploadId=1')), false);
  t.equal(uploadsObject('PUT', parseTarget('/x/_metadata?partNumber=1&uploadId=1')), true);
  t.equal(uploadsObject('GET', parseTarget('/x')), false);
  t.end();
});

t.test('calls RocksDB files by their first and last bytes, in plain and in signed bodies', (t) => {
  const table = `${'x'.repeat(3000)}\xf7\xcf\xf4\x85\xb7\x41\xe2\x88`;
  const path = `/b/${JOB}/shared/${UUID}`;
  t.same(kinds(put(path, table)), ['0 rocksdb-sst 3008']);
  t.same(kinds(put(path, 'MANIFEST-000004\n')), ['0 rocksdb-manifest 16']);
  t.same(kinds(put(path, '# This is a RocksDB option file.\n')), ['0 rocksdb-options 33']);
  t.same(kinds(put(path, 'anything')), ['0 unidentified-state-file 8']);
  const signature = `;chunk-signature=${'a'.repeat(64)}\r\n`;
  const half = table.slice(0, 1500);
  const rest = table.slice(1500);
  const signed = `5dc${signature}${half}\r\n${rest.length.toString(16)}${signature}${rest}\r\n0${signature}x-amz-trailer-signature:CANARY\r\n\r\n`;
  const reading = put(path, signed, 'x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER\r\n');
  t.same(kinds(reading), ['0 rocksdb-sst 3008']);
  t.notMatch(JSON.stringify(reading), /CANARY|aaaa/);
  t.end();
});

t.test('does not call a body cut short a RocksDB table, nor one on a path that is not Flink', (t) => {
  const table = 'x\xf7\xcf\xf4\x85\xb7\x41\xe2\x88';
  const head = `PUT /b/${JOB}/shared/${UUID} HTTP/1.1\r\nHost: s3\r\nContent-Length: 500\r\n\r\n`;
  t.same(kinds(follow(http, spoken(['c', head + table])).reading()), ['0 unidentified-state-file 9']);
  const elsewhere = put('/bucket/backup/000012.sst', table, 'x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n');
  t.same(kinds(elsewhere), []);
  t.equal(elsewhere.channel, undefined);
  t.end();
});

t.test('finds keyed state and metadata on any path of an object store, by their long signatures', (t) => {
  const recorded = bytesOf(recordedStream('s3-put-keyed-state'), 0).toString('latin1');
  const start = recorded.indexOf('\r\n', recorded.indexOf(';chunk-signature=')) + 2;
  const state = recorded.slice(start, start + 3233);
  const reading = put('/bucket/some/where', state, 'x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n');
  t.same(kinds(reading), ['0 keyed-state-file 3233']);
  t.equal(reading.channel, 'checkpoint-storage');
  t.same(kinds(put('/upload', state)), [], 'an upload that is none to an object store');
  t.end();
});

t.test('sees the restore: state in answers, a part of it by its path', (t) => {
  const path = `/b/${JOB}/chk-3/${UUID}`;
  const get = `GET ${path} HTTP/1.1\r\nHost: s3\r\n\r\n`;
  const metadata = `\x49\x60\x67\x2d\x00\x00\x00\x04${'\x00'.repeat(7)}\x03${'\x00'.repeat(8)}`;
  const answer = (status: string, body: string, more = ''): string =>
    `HTTP/1.1 ${status}\r\nContent-Type: application/octet-stream\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
  const of = (text: string): readonly string[] => kinds(follow(http, spoken(['c', get], ['s', text])).reading());
  t.same(of(answer('200 OK', metadata)), ['1 checkpoint-metadata 24']);
  t.same(of(answer('206 Partial', metadata, 'Content-Range: bytes 0-23/900\r\n')), ['1 checkpoint-metadata 24']);
  t.same(of(answer('206 Partial', metadata, 'Content-Range: bytes 100-123/900\r\n')), ['1 unidentified-state-file 24']);
  t.same(of(answer('404 Not Found', 'x')), []);
  t.end();
});

t.test('reads WebHDFS uploads, with the operation in the path and the token as a credential', (t) => {
  const metadata = `\x49\x60\x67\x2d\x00\x00\x00\x06${'\x00'.repeat(7)}\x03${'\x00'.repeat(8)}`;
  const reading = put(`/webhdfs/v1/ck/${JOB}/chk-3/_metadata?op=CREATE&delegation=CANARY`, metadata);
  t.equal(reading.channel, 'checkpoint-storage');
  t.same(kinds(reading), ['0 checkpoint-metadata 24']);
  t.same(reading.details.paths, ['PUT /webhdfs/v1/ck/:id/chk-N/_metadata?op=CREATE 1']);
  t.match(reading.credentials, [{ kind: 'other-authorization', name: 'query parameter delegation' }]);
  t.notMatch(JSON.stringify(reading) + Buffer.from(reading.firstBytes).toString(), /CANARY/);
  t.end();
});

t.test('reads a signed body alike in pieces of any size', (t) => {
  const segments = recordedStream('s3-put-keyed-state');
  const whole = follow(http, segments).reading().stateTransfer;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1500 }), (size) => {
      t.same(follow(http, segments, size).reading().stateTransfer, whole);
      return true;
    }),
    { numRuns: 50 },
  );
  t.end();
});
