import t from 'tap';
import type { ClearReading } from '../../src/model/probe.ts';
import { http } from '../../src/protocols/http.ts';
import { bytesOf, follow, recordedStream, spoken } from '../support/http-streams.ts';

const RECORDED = [
  'prometheus-jobmanager',
  'rest-checkpoints',
  'rest-config-basic',
  'rest-jar-run',
  'rest-jar-upload',
  'rest-jobmanager-config',
  'rest-jobs',
  'rest-overview',
  'rest-taskmanagers',
  's3-head-state-file',
  's3-list-prefix',
  's3-post-uploads',
  's3-put-directory',
  's3-put-keyed-state',
  's3-put-metadata-part',
  's3-put-operator-state',
  's3-savepoint-file',
] as const;

function read(name: (typeof RECORDED)[number], size?: number): ClearReading {
  return follow(http, recordedStream(name), size).reading();
}

/** Frames are told by segment, which pieces keep: nothing else may depend on how the bytes came. */
function comparable(reading: ClearReading): unknown {
  return { ...reading, firstBytes: Buffer.from(reading.firstBytes).toString('hex') };
}

t.test('reads the same whether bytes come one by one, in sevens or in whole segments', (t) => {
  for (const name of RECORDED) {
    const whole = comparable(read(name));
    t.same(comparable(read(name, 1)), whole, `${name}, one byte at a time`);
    t.same(comparable(read(name, 7)), whole, `${name}, seven bytes at a time`);
  }
  t.end();
});

t.test("calls the channels of recorded connections as Flink's own answers tell them", (t) => {
  const expected: Readonly<Record<(typeof RECORDED)[number], string | undefined>> = {
    'prometheus-jobmanager': 'prometheus',
    'rest-checkpoints': 'rest',
    'rest-config-basic': 'rest',
    'rest-jar-run': 'rest',
    'rest-jar-upload': 'rest',
    'rest-jobmanager-config': 'rest',
    'rest-jobs': 'rest',
    'rest-overview': 'rest',
    'rest-taskmanagers': 'rest',
    's3-head-state-file': 'checkpoint-storage',
    's3-list-prefix': 'checkpoint-storage',
    's3-post-uploads': 'checkpoint-storage',
    's3-put-directory': 'checkpoint-storage',
    's3-put-keyed-state': 'checkpoint-storage',
    's3-put-metadata-part': 'checkpoint-storage',
    's3-put-operator-state': 'checkpoint-storage',
    's3-savepoint-file': 'checkpoint-storage',
  };
  for (const name of RECORDED) {
    const reading = read(name);
    t.equal(reading.channel, expected[name], name);
    t.equal(reading.clientSide, 0, `${name}: the dialling side asks`);
    t.equal(reading.answered, true, `${name}: the server answers`);
  }
  t.end();
});

t.test('counts what tshark counts on a recorded upload: one PUT, two interim answers, one 200', (t) => {
  const { details } = read('s3-put-keyed-state');
  t.same(details.methods, ['PUT 1']);
  t.same(details.paths, ['PUT /flink/ck/:id/chk-N/:uuid 1']);
  t.same(details.statuses, ['100 2', '200 1']);
  t.same(details.hosts, ['s3:9000']);
  t.same(details.servers, ['Werkzeug/3.1.9 Python/3.11.7']);
  t.same(details.signatures, ['aws-signature']);
  t.equal(details.bodyBytes, 3407);
  t.end();
});

t.test('finds state of checkpoints behind the chunk signatures of recorded uploads', (t) => {
  // Offsets and frames: first byte behind `chunk-signature=<64 hex>\r\n`; bytes: x-amz-decoded-content-length.
  const cases = [
    ['s3-put-keyed-state', 'keyed-state-file', 1139, 419, 3233, 'taskmanager'],
    ['s3-put-operator-state', 'operator-state-file', 1137, 435, 265, 'taskmanager'],
    ['s3-put-metadata-part', 'checkpoint-metadata', 1139, 658, 2823, 'jobmanager'],
    ['s3-savepoint-file', 'keyed-state-file', 1130, 2794, 3774, 'taskmanager'],
  ] as const;
  for (const [name, kind, streamOffset, frame, bytes, sender] of cases) {
    const reading = read(name);
    t.match(reading.stateTransfer, [{ kind, side: 0, streamOffset, frame, bytes, count: 1 }], name);
    t.equal(reading.stateTransfer.length, 1, name);
    t.equal(reading.clientComponent, sender, name);
    t.equal(reading.serverComponent, 'object-store', name);
  }
  t.match(read('s3-put-keyed-state').stateTransfer[0]?.names, [
    '1470c775065164e65c7b8d53a6feff43',
    'chk-1',
    '/flink/ck/1470c775065164e65c7b8d53a6feff43/chk-1/2203e72b-3b3a-4df3-96b1-638c69e5f47a',
  ]);
  t.same(read('s3-put-directory').stateTransfer, [], 'a directory marker holds no state');
  t.same(read('s3-put-keyed-state').credentials, [], 'a signature is no secret');
  t.end();
});

t.test('finds user code and a job submission in recorded requests', (t) => {
  const upload = read('rest-jar-upload').stateTransfer;
  t.match(upload, [{ kind: 'user-code', side: 0, streamOffset: 349, frame: 122, bytes: 3749, count: 1 }]);
  t.same(upload[0]?.names, ['leakjob.jar']);
  const run = read('rest-jar-run').stateTransfer;
  t.match(run, [{ kind: 'job-submission', side: 0, streamOffset: 0, frame: 136, bytes: 43, count: 1 }]);
  t.equal(run[0]?.names, undefined, 'neither entry class nor arguments are kept');
  t.end();
});

t.test('sees a recorded basic authorisation, its place, and keeps nothing of it', (t) => {
  const reading = read('rest-config-basic');
  t.same(reading.credentials, [
    { kind: 'basic-authorization', side: 0, frame: 4089, streamOffset: 37, count: 1, name: 'Authorization' },
  ]);
  const said = JSON.stringify(comparable(reading));
  t.notMatch(said, /b3BlcmF0b3I|not-a-real-password/);
  t.end();
});

t.test('learns processes and ports from recorded REST answers', (t) => {
  const hints = read('rest-taskmanagers').hints;
  const has = (part: object): boolean =>
    hints.some((hint) => Object.entries(part).every(([key, value]) => hint[key as keyof typeof hint] === value));
  for (const member of ['tm1', 'tm2']) {
    t.ok(has({ kind: 'member', host: member, member, component: 'taskmanager' }), member);
    t.ok(has({ kind: 'channel-port', host: member, port: 6122, channel: 'taskmanager-rpc' }), `${member} RPC`);
    t.ok(has({ kind: 'channel-port', host: member, port: 6121, channel: 'taskmanager-data' }), `${member} data`);
  }
  t.notOk(has({ channel: 'jmx' }), 'jmxPort -1 is no port');
  const configuration = read('rest-jobmanager-config').hints;
  const ports = configuration.filter((hint) => hint.port !== undefined).map((hint) => [hint.channel, hint.port]);
  t.same(
    [...ports].sort((a, b) => Number(a[1]) - Number(b[1])),
    [
      ['jobmanager-rpc', 6123],
      ['blob-server', 6124],
      ['metrics-query-service', 6126],
      ['rest', 8081],
    ],
  );
  t.ok(configuration.some((hint) => hint.kind === 'member' && hint.side === 1 && hint.member === 'jm'));
  t.ok(read('rest-overview').hints.some((hint) => hint.kind === 'flink-version' && hint.version === '1.20.3'));
  t.ok(read('prometheus-jobmanager').hints.some((hint) => hint.kind === 'member' && hint.component === 'jobmanager'));
  t.end();
});

t.test('shows the start of the request line only, cut before a query', (t) => {
  const first = (text: string): string =>
    Buffer.from(follow(http, spoken(['c', text])).reading().firstBytes).toString('latin1');
  t.equal(first('GET /a/b?token=CANARY HTTP/1.1\r\nHost: h\r\n\r\n'), 'GET /a/b?');
  t.equal(first(`GET /${'x'.repeat(200)} HTTP/1.1\r\nHost: h\r\n\r\n`).length, 64);
  t.equal(first('GET http://user:CANARY@h/ HTTP/1.1\r\nHost: h\r\n\r\n'), 'GET http://');
  t.equal(
    first('GET /v1/sessions/6e9cf7a5-aaaa-bbbb-cccc-0123456789ab/heartbeat HTTP/1.1\r\nHost: h\r\n\r\n'),
    'GET /v1/sessions/',
  );
  t.end();
});

t.test('keeps no secret of any place where HTTP carries one', (t) => {
  const canary = 'CANARY4111secret';
  const request = [
    `POST /v1/jars/upload?access_token=${canary}&x=1 HTTP/1.1`,
    'Host: jm:8081',
    `Authorization: Bearer ${canary}`,
    `Proxy-Authorization: Digest username="x", response="${canary}"`,
    `Cookie: JSESSIONID=${canary}; theme=dark`,
    `X-Api-Key: ${canary}`,
    `User-Agent: tool/1.0 (${canary})`,
    `X-Custom: ${canary}`,
    'Content-Length: 40',
    '',
    `{"programArgs":"--password ${canary}"}`.padEnd(40, ' ').slice(0, 40),
  ].join('\r\n');
  const configuration = JSON.stringify([
    { key: 'jobmanager.rpc.address', value: 'jm' },
    { key: 's3.access-key', value: canary },
    { key: 's3.secret-key', value: '******' },
    { key: 'security.delegation.tokens.enabled', value: 'true' },
  ]);
  const answer = [
    'HTTP/1.1 200 OK',
    `Set-Cookie: session=${canary}; HttpOnly`,
    'Content-Type: application/json',
    `Content-Length: ${configuration.length}`,
    '',
    configuration,
  ].join('\r\n');
  const reading = follow(http, spoken(['c', request], ['s', answer])).reading();
  t.notMatch(JSON.stringify(comparable(reading)), /CANARY/i);
  t.notMatch(Buffer.from(reading.firstBytes).toString('latin1'), /CANARY/i);
  const kinds = reading.credentials.map((one) => `${one.side} ${one.kind} ${one.name}`).sort();
  t.same(kinds, [
    '0 bearer-authorization Authorization',
    '0 cookie Cookie',
    '0 other-authorization Proxy-Authorization',
    '0 other-authorization query parameter access_token',
    '0 other-authorization x-api-key',
    '1 cookie Set-Cookie',
    '1 secret-in-configuration s3.access-key',
  ]);
  t.end();
});

t.test('follows keep-alive, pipelining, chunks, HEAD and bodies without length', (t) => {
  const reading = follow(
    http,
    spoken(
      ['c', 'GET /a HTTP/1.1\r\nHost: h\r\n\r\nHEAD /b HTTP/1.1\r\nHost: h\r\n\r\n'],
      ['s', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: v\r\n\r\n'],
      ['s', 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'],
      ['c', 'POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nGET '],
      ['s', 'HTTP/1.1 204 No Content\r\n\r\n'],
      ['c', 'GET /d HTTP/1.0\r\nHost: h\r\n\r\n'],
      ['s', 'HTTP/1.0 200 OK\r\nServer: x/1\r\n\r\nHTTP/1.1 404 in a body\r\n\r\n'],
    ),
  ).reading();
  t.same(reading.details.paths, ['GET /a 1', 'GET /d 1', 'HEAD /b 1', 'POST /c 1']);
  t.same(reading.details.statuses, ['200 3', '204 1']);
  t.equal(reading.details.bodyBytes, 5 + 4 + 26);
  t.end();
});

t.test('tells where a tunnel begins, and follows on where CONNECT is refused', (t) => {
  const connect = 'CONNECT jm:6123 HTTP/1.1\r\nHost: jm:6123\r\n\r\n';
  const ok = 'HTTP/1.1 200 Connection established\r\n\r\n';
  const opened = follow(http, spoken(['c', connect], ['s', ok], ['c', '\x16\x03\x01'], ['s', '\x16\x03\x03']));
  t.same(opened.tunnelFrom, [connect.length, ok.length]);
  const refused = follow(
    http,
    spoken(
      ['c', connect],
      ['s', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'],
      ['c', 'GET /x HTTP/1.1\r\nHost: h\r\n\r\n'],
    ),
  );
  t.same(refused.tunnelFrom, [undefined, undefined]);
  t.same(refused.reading().details.methods, ['CONNECT 1', 'GET 1']);
  const upgrade = 'GET /live HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
  const switched = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';
  const socket = follow(http, spoken(['c', upgrade], ['s', switched], ['s', 'HTTP/1.1 500 no\r\n\r\n']));
  t.same(socket.tunnelFrom, [upgrade.length, switched.length]);
  t.same(socket.reading().details.statuses, ['101 1']);
  t.end();
});

t.test('is sure with a whole request line and a header, and not before', (t) => {
  const text = 'GET /x HTTP/1.1\r\nHost: h\r\n';
  for (let length = 0; length <= text.length; length++) {
    const follower = http.follow('syn');
    const bytes = Buffer.from(text.slice(0, length));
    follower.feed(0, bytes, 0, bytes.length, 0, 1);
    t.equal(follower.certainty, length === text.length ? 'sure' : 'maybe', `${length} bytes`);
  }
  t.end();
});

t.test('refuses what is not HTTP/1.1', (t) => {
  const foreign = [
    '\x16\x03\x01\x00\xd1',
    '\x00\x00\x00\x25\x12',
    'SSH-2.0-OpenSSH\r\n',
    'PRI * HTTP/2.0\r\n\r\n',
    'get / HTTP/1.1\r\n',
    'GET / RTSP/1.0\r\n',
    'HELLO WORLD\r\n',
    'JRMI\x00\x02K',
    'srvr\n',
    'G\x00',
  ];
  for (const text of foreign) {
    t.equal(follow(http, spoken(['c', text])).certainty, 'no', JSON.stringify(text));
    t.equal(follow(http, spoken(['c', text]), 1).certainty, 'no', `${JSON.stringify(text)} byte by byte`);
  }
  t.equal(follow(http, spoken(['s', '220 mail ready\r\n'])).certainty, 'no', 'a server that speaks first');
  t.end();
});

t.test('notes that a TLS alert is no answer in kind', (t) => {
  const reading = follow(
    http,
    spoken(['c', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'], ['s', '\x15\x03\x03\x00\x02\x02\x0a']),
  ).reading();
  t.equal(reading.answered, false);
  t.equal(reading.clientSide, 0);
  t.end();
});

t.test('tells the redirection of a TLS port to https', (t) => {
  const reading = follow(
    http,
    spoken(
      ['c', 'GET /config HTTP/1.1\r\nHost: jm:8081\r\n\r\n'],
      ['s', 'HTTP/1.1 301 Moved Permanently\r\nlocation: https://jm:8081/config\r\ncontent-length: 0\r\n\r\n'],
    ),
  ).reading();
  t.equal(reading.details.redirectsToHttps, 1);
  t.equal(reading.channel, undefined);
  t.end();
});

t.test('decodes no more than it was given: the recorded answers end where their segments end', (t) => {
  const segments = recordedStream('rest-jobmanager-config');
  const body = bytesOf(segments, 1).toString('latin1').split('\r\n\r\n')[1]!;
  t.equal(read('rest-jobmanager-config').details.bodyBytes, body.length);
  t.end();
});
