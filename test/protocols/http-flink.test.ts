import { gzipSync } from 'node:zlib';
import t from 'tap';
import type { ClearReading } from '../../src/model/probe.ts';
import { http } from '../../src/protocols/http.ts';
import { follow, spoken } from '../support/http-streams.ts';

const SESSION = '6e9cf7a5-1111-2222-3333-0123456789ab';
const OPERATION = '7e9cf7a5-1111-2222-3333-0123456789ab';

function json(body: string, headers = 'access-control-allow-origin: *\r\n'): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=UTF-8\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;
}

function ask(method: string, path: string, body = ''): string {
  const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: h:1\r\n${length}\r\n${body}`;
}

function talk(...exchanges: readonly (readonly [string, string])[]): ClearReading {
  return follow(
    http,
    spoken(...exchanges.flatMap(([request, answer]) => [['c', request] as const, ['s', answer] as const])),
  ).reading();
}

t.test('follows an SQL gateway session: statement and results, without text or handle', (t) => {
  const statement = '{"statement":"SELECT CANARY FROM t"}';
  const results = '{"resultType":"PAYLOAD","results":{"columns":[],"data":[{"kind":"INSERT","fields":["CANARY"]}]}}';
  const request = ask('POST', `/v1/sessions/${SESSION}/statements`, statement);
  const reading = talk(
    [ask('POST', '/v1/sessions', '{}'), json(`{"sessionHandle":"${SESSION}"}`)],
    [request, json(`{"operationHandle":"${OPERATION}"}`)],
    [ask('GET', `/v1/sessions/${SESSION}/operations/${OPERATION}/result/0?rowFormat=JSON`), json(results)],
    [
      ask('GET', `/v1/sessions/${SESSION}/operations/${OPERATION}/result/1`),
      json('{"resultType":"NOT_READY","nextResultUri":"/v1/x"}'),
    ],
  );
  t.equal(reading.channel, 'sql-gateway');
  t.equal(reading.serverComponent, 'sql-gateway');
  t.equal(reading.details.sessionsOpened, 1);
  t.match(reading.stateTransfer, [
    { kind: 'job-submission', side: 0, bytes: statement.length, count: 1, names: ['statement'] },
    { kind: 'query-results', side: 1, bytes: results.length, count: 1 },
  ]);
  t.notMatch(JSON.stringify(reading), new RegExp(`CANARY|${SESSION}|${OPERATION}`));
  t.end();
});

t.test('does not take any POST /jobs for a Flink job', (t) => {
  const request = ask('POST', '/jobs', '{"a":1}');
  t.same(talk([request, json('{"ok":true}')]).stateTransfer, []);
  const flink = talk(
    [ask('GET', '/overview'), json('{"taskmanagers":2,"flink-version":"1.20.3","flink-commit":"01e3a6d"}')],
    [request, json('{"jobUrl":"/jobs/x"}')],
  );
  t.match(flink.stateTransfer, [{ kind: 'job-submission', side: 0, bytes: 7 }]);
  t.end();
});

t.test('calls REST by two known paths that answer as Flink answers, not by one', (t) => {
  const jobs = [ask('GET', '/jobs/overview'), json('{"jobs":[]}')] as const;
  const jars = [ask('GET', '/v1/jars'), json('{"files":[]}')] as const;
  t.equal(talk(jobs).channel, undefined);
  t.equal(talk(jobs, jobs).channel, undefined);
  t.equal(talk(jobs, jars).channel, 'rest');
  const closed = (exchange: readonly [string, string]): readonly [string, string] => [
    exchange[0],
    exchange[1].replace('access-control-allow-origin: *\r\n', ''),
  ];
  t.equal(talk(closed(jobs), closed(jars)).channel, undefined, 'without the CORS header');
  t.end();
});

t.test('reads a compressed answer, and withstands a damaged and an exploding one', (t) => {
  const version = '{"flink-version":"1.20.3","flink-commit":"01e3a6d"}';
  const answer = (body: Buffer): string => json(body.toString('latin1'), 'content-encoding: gzip\r\n');
  t.equal(talk([ask('GET', '/x'), answer(gzipSync(version))]).channel, 'rest');
  t.equal(talk([ask('GET', '/x'), answer(Buffer.from('no gzip'))]).channel, undefined);
  t.equal(talk([ask('GET', '/x'), answer(gzipSync(Buffer.alloc(50_000_000)))]).channel, undefined);
  t.end();
});

t.test('knows the history server by its features and by its error text', (t) => {
  const features = '{"flink-version":"1.20.3","flink-revision":"x","features":{"web-history":true}}';
  t.equal(talk([ask('GET', '/config'), json(features, '')]).channel, 'history-server');
  const missing =
    'HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n{"errors":["File not found."]}';
  t.equal(talk([ask('GET', '/jobmanager/config'), missing]).channel, 'history-server');
  t.end();
});

t.test('calls Prometheus only by metrics of Flink', (t) => {
  const page = (text: string): string =>
    `HTTP/1.1 200 OK\r\nContent-type: text/plain; version=0.0.4\r\nContent-length: ${text.length}\r\n\r\n${text}`;
  const flink =
    '# HELP flink_taskmanager_Status_x (scope: taskmanager)\nflink_taskmanager_Status_x{host="tm1",tm_id="a",} 1.0\n';
  const reading = talk([ask('GET', '/metrics'), page(flink)]);
  t.equal(reading.channel, 'prometheus');
  t.equal(reading.serverComponent, 'taskmanager');
  t.ok(reading.hints.some((hint) => hint.kind === 'member' && hint.member === 'tm1' && hint.side === 1));
  t.equal(talk([ask('GET', '/metrics'), page('# HELP node_cpu_seconds_total x\n')]).channel, undefined);
  t.end();
});
