import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import fc from 'fast-check';
import t from 'tap';
import { FlinkRest } from '../../src/net/flink-rest.ts';
import { RestFailure, type RestFault } from '../../src/net/flink-rest-failure.ts';
import { isAllowedPath, type RestPath, taskManagerPath } from '../../src/net/flink-rest-paths.ts';
import type { RestAccess } from '../../src/net/flink-rest-types.ts';
import { clusterAnswers, type RestAnswers, type RestServer, serveRest } from '../support/flink-rest-server.ts';

const JOB = '243747bd3225e856fc1d6432daaecd4a';

/** Asks a stand-in and ends both. */
async function asking<Result>(
  answers: RestAnswers,
  ask: (rest: FlinkRest, server: RestServer) => Promise<Result>,
  access: Partial<RestAccess> = {},
): Promise<Result> {
  const server = await serveRest(answers);
  const rest = new FlinkRest({ url: server.url, timeoutMs: 2000, ...access });
  try {
    return await ask(rest, server);
  } finally {
    await rest.close();
    await server.close();
  }
}

async function faultOf(asked: Promise<unknown>): Promise<RestFailure> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof RestFailure) return error;
    throw error;
  }
  throw new Error('no failure');
}

/** A TCP server that treats every connection in the given way. */
async function serveBytes(treat: (socket: Socket) => void): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    treat(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

t.test('answers of Flink 1.20.3 are read', async (t) => {
  await asking(clusterAnswers('all'), async (rest, server) => {
    t.strictSame(await rest.dashboard(), {
      flinkVersion: '1.20.3',
      revision: '01e3a6d @ 2025-09-20T02:22:05+02:00',
      isHistory: false,
    });
    t.strictSame(await rest.overview(), { taskManagers: 2, flinkVersion: '1.20.3', jobsRunning: 1 });
    const config = await rest.jobManagerConfig();
    t.equal(config.length, 33);
    t.strictSame(
      config.find(({ key }) => key === 'security.ssl.rest.keystore-password'),
      { key: 'security.ssl.rest.keystore-password', value: '******' },
    );
    t.strictSame(await rest.taskManagers(), [
      {
        id: 'tm2-24562',
        path: 'pekko.ssl.tcp://flink@tm2:6122/user/rpc/taskmanager_0',
        dataPort: 6121,
        jmxPort: -1,
        lastHeartbeatAt: 1795356011526,
      },
      {
        id: 'tm1-23475',
        path: 'pekko.ssl.tcp://flink@tm1:6122/user/rpc/taskmanager_0',
        dataPort: 6121,
        jmxPort: -1,
        lastHeartbeatAt: 1795356011553,
      },
    ]);
    t.strictSame(await rest.jobs(), [{ id: JOB, name: 'flinkprobe test bed', state: 'RUNNING' }]);
    t.strictSame(await rest.checkpoints(JOB), { externalPaths: [] });
    t.strictSame(await rest.checkpointConfig(JOB), {
      storage: 'FileSystemCheckpointStorage',
      stateBackend: 'HashMapStateBackend',
    });
    t.equal(rest.trust, 'clear');
    t.strictSame(
      server.asked.filter((one) => !one.startsWith('GET ')),
      [],
      'nothing but GET',
    );
  });
});

t.test('no other path is ever sent', async (t) => {
  const harmful = [
    `/jobs/${JOB}/yarn-cancel`,
    `/jobs/${JOB}/yarn-stop`,
    `/jobs/${JOB}/checkpoints/../yarn-cancel`,
    `/jobs/${JOB}/checkpoints/config/../../yarn-cancel`,
    `/jobs/${JOB}/yarn-cancel?/checkpoints`,
    `/jobs/${JOB}/yarn-cancel#/checkpoints`,
    `/jobs/${JOB}%2Fyarn-cancel/checkpoints`,
    '/jobs//yarn-cancel/checkpoints',
    `/jobs/${JOB}`,
    '/jobs',
    '/jars',
    '/jars/upload',
    '/jobmanager/log',
    '/jobmanager/logs/..%252f..%252fetc%252fpasswd',
    '/taskmanagers/tm1/log',
    '/taskmanagers/..',
    '/taskmanagers/.',
    '/taskmanagers/../jobs/x/yarn-stop',
    '/taskmanagers/%2e%2e',
    '/taskmanagers/a%2Fb',
    '/taskmanagers/',
    '/cluster',
    '/config/',
    '/config?x=1',
    '/CONFIG',
    '//config',
    '/config HTTP/1.1\r\nX: y',
    '',
  ];
  await asking(clusterAnswers('off'), async (rest, server) => {
    for (const path of harmful) {
      const failure = await faultOf(rest.get(path as RestPath));
      t.equal(failure.fault, 'bad-access', path);
    }
    for (const id of [`${'0'.repeat(31)}`, '../overview', `${JOB}/yarn-cancel?`]) {
      t.equal((await faultOf(rest.checkpoints(id))).fault, 'bad-access', id);
      t.equal((await faultOf(rest.checkpointConfig(id))).fault, 'bad-access', id);
    }
    t.strictSame(server.asked, [], 'the server saw nothing');
  });
});

t.test('the path of a TaskManager is one segment, or none at all', (t) => {
  t.equal(taskManagerPath('10.0.0.7:41321-1f2e3d'), '/taskmanagers/10.0.0.7%3A41321-1f2e3d');
  t.ok(isAllowedPath(taskManagerPath('container_e01_000002(host:8041)')));
  fc.assert(
    fc.property(fc.string({ maxLength: 60, unit: 'grapheme' }), (id) => {
      const path = taskManagerPath(id);
      if (!isAllowedPath(path)) return;
      t.equal(new URL(path, 'http://jm').pathname.split('/').length, 3, path);
      t.ok(new URL(path, 'http://jm').pathname.startsWith('/taskmanagers/'), path);
    }),
  );
  t.end();
});

t.test('a prefix of the URL stands before every path', async (t) => {
  for (const ending of ['/flink/prod', '/flink/prod/']) {
    const answers = { '/flink/prod/config': clusterAnswers('off')['/config']! };
    const server = await serveRest(answers);
    const rest = new FlinkRest({ url: `${server.url}${ending}`, timeoutMs: 2000 });
    t.equal((await rest.dashboard()).flinkVersion, '1.20.3');
    t.strictSame(server.asked, ['GET /flink/prod/config']);
    await rest.close();
    await server.close();
  }
});

t.test('URLs that cannot be meant are refused with what to write', (t) => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['jm:8081', /http:\/\/HOST:PORT/],
    ['jm', /http:\/\/HOST:PORT/],
    ['ftp://jm:8081', /http:\/\/HOST:PORT/],
    ['http://', /no URL/],
    ['http://jm:99999', /no URL/],
    ['http://jm:8081/?token=x', /no query/],
    ['http://jm:8081/#/overview', /no fragment/],
    ['', /HOST:PORT/],
  ];
  for (const [url, message] of refused) {
    t.throws(() => new FlinkRest({ url, timeoutMs: 1 }), { fault: 'bad-access', message }, url);
  }
  t.throws(() => new FlinkRest({ url: 'http://me:hunter2@jm:8081', timeoutMs: 1 }), { message: /in a file/ });
  t.throws(
    () => new FlinkRest({ url: 'http://me:hunter2@jm:8081', timeoutMs: 1 }),
    { message: /^(?!.*hunter2)/ },
    'the password is not repeated',
  );
  t.end();
});

t.test('authorisation is sent as its file says it', async (t) => {
  const basic = { kind: 'basic', value: 'flink:pässword\n' } as const;
  await asking(
    clusterAnswers('off'),
    async (rest, server) => {
      await rest.dashboard();
      const header = server.headers[0]?.authorization ?? '';
      t.equal(Buffer.from(header.replace('Basic ', ''), 'base64').toString('utf8'), 'flink:pässword');
    },
    { authorization: basic },
  );
  await asking(
    clusterAnswers('off'),
    async (rest, server) => {
      await rest.dashboard();
      t.equal(server.headers[0]?.authorization, 'Bearer abc.def');
    },
    { authorization: { kind: 'bearer', value: ' abc.def\r\n' } },
  );
  for (const authorization of [
    { kind: 'basic', value: 'no colon' },
    { kind: 'basic', value: 'a:b\nX-Evil: 1' },
    { kind: 'bearer', value: 'token\r\nX-Evil: 1' },
    { kind: 'bearer', value: '  ' },
  ] as const) {
    const make = (): FlinkRest => new FlinkRest({ url: 'http://jm', timeoutMs: 1, authorization });
    t.throws(
      make,
      { fault: 'bad-access', message: /^(?!.*(?:Evil|no colon|token\r))/ },
      'and the value is not repeated',
    );
  }
});

t.test('a JobManager that speaks TLS is told from its redirect, which is not followed', async (t) => {
  await asking(
    {
      // As RedirectingSslHandler answers: the advertised name, whatever name was asked.
      '/config': (request, response) => {
        const port = request.headers.host?.split(':')[1];
        response.writeHead(301, { location: `https://jm:${port}/config` }).end();
      },
    },
    async (rest, server) => {
      const failure = await faultOf(rest.dashboard());
      t.equal(failure.fault, 'speaks-tls');
      t.match(failure.message, `use https://127.0.0.1:${server.port}`);
      t.equal(server.asked.length, 1);
    },
  );
});

t.test('other redirects are told, and not followed', async (t) => {
  for (const location of ['https://login.example/oauth?secret=1', '/login', 'http://127.0.0.1:1/config', 'http://[']) {
    await asking(
      { '/config': (_, response) => void response.writeHead(302, { location }).end() },
      async (rest, server) => {
        const failure = await faultOf(rest.dashboard());
        t.equal(failure.fault, 'http-status', location);
        t.equal(failure.status, 302);
        t.match(failure.message, 'not followed');
        t.notMatch(failure.message, 'secret');
        t.equal(server.asked.length, 1);
      },
    );
  }
});

t.test('statuses have their meaning', async (t) => {
  const expected: readonly (readonly [number, RestFault, RegExp])[] = [
    [401, 'unauthorised', /give an authorisation/],
    [403, 'unauthorised', /give an authorisation/],
    [404, 'not-flink', /URL of Flink's REST port/],
    [500, 'http-status', /HTTP 500/],
    [503, 'http-status', /no JobManager leads yet/],
  ];
  for (const [status, fault, message] of expected) {
    await asking({ '/config': (_, response) => void response.writeHead(status).end('{}') }, async (rest) => {
      const failure = await faultOf(rest.dashboard());
      t.equal(failure.fault, fault);
      t.equal(failure.status, status);
      t.match(failure.message, message);
    });
  }
  await asking(
    { '/config': (_, response) => void response.writeHead(401).end() },
    async (rest) => t.match((await faultOf(rest.dashboard())).message, /not accepted/),
    { authorization: { kind: 'bearer', value: 'x' } },
  );
});

t.test('answers that are not Flink’s are told as such', async (t) => {
  const expected: readonly (readonly [string, RestFault, RegExp])[] = [
    ['<!doctype html><html>Log in</html>', 'not-flink', /web page/],
    ['hello', 'malformed', /"hello"/],
    ['', 'malformed', /no JSON/],
    ['{"flink-version":', 'malformed', /no JSON/],
    ['{"version":"8.1"}', 'not-flink', /flink-version/],
    ['[]', 'not-flink', /not Flink's/],
    ['null', 'not-flink', /not Flink's/],
    ['{"flink-version":7}', 'not-flink', /flink-version/],
  ];
  for (const [body, fault, message] of expected) {
    await asking({ '/config': body }, async (rest) => {
      const failure = await faultOf(rest.dashboard());
      t.equal(failure.fault, fault, body);
      t.match(failure.message, message);
    });
  }
});

t.test('ports out of range make an answer malformed, unknown fields do not', async (t) => {
  const one = { id: 'a', path: 'p', dataPort: 1, jmxPort: -1, timeSinceLastHeartbeat: 5, brandNew: { x: [1] } };
  await asking({ '/taskmanagers': { taskmanagers: [one], more: 1 } }, async (rest) => {
    t.strictSame(await rest.taskManagers(), [{ id: 'a', path: 'p', dataPort: 1, jmxPort: -1, lastHeartbeatAt: 5 }]);
  });
  for (const wrong of [{ dataPort: 65_536 }, { dataPort: 1.5 }, { jmxPort: -2 }, { id: null }]) {
    await asking({ '/taskmanagers': { taskmanagers: [{ ...one, ...wrong }] } }, async (rest) => {
      t.equal((await faultOf(rest.taskManagers())).fault, 'not-flink', JSON.stringify(wrong));
    });
  }
});

t.test('no random JSON makes the client throw anything but its own failure', async (t) => {
  let body = '';
  await asking(
    { '/taskmanagers': (_, response) => void response.end(body), '/config': (_, response) => void response.end(body) },
    async (rest) => {
      await fc.assert(
        fc.asyncProperty(fc.json(), async (json) => {
          body = json;
          await rest.taskManagers().catch((error) => t.ok(error instanceof RestFailure));
          await rest.dashboard().catch((error) => t.ok(error instanceof RestFailure));
        }),
        { numRuns: 50 },
      );
    },
  );
});

t.test('silence, a dripping body and a giant one end', async (t) => {
  const slow = { timeoutMs: 300 };
  await asking(
    { '/config': () => undefined },
    async (rest) => t.equal((await faultOf(rest.dashboard())).fault, 'timeout'),
    slow,
  );
  let drips: NodeJS.Timeout | undefined;
  await asking(
    {
      '/config': (_, response) => {
        drips = setInterval(() => response.write(' '), 20);
      },
    },
    async (rest) => t.equal((await faultOf(rest.dashboard())).fault, 'timeout'),
    slow,
  );
  clearInterval(drips);
  await asking(
    {
      '/config': (_, response) => {
        const chunk = Buffer.alloc(1024 * 1024, 0x20);
        const more = (): void => {
          while (response.write(chunk));
          response.once('drain', more);
        };
        response.on('error', () => undefined);
        more();
      },
    },
    async (rest) => t.equal((await faultOf(rest.dashboard())).fault, 'too-large'),
    { timeoutMs: 5000 },
  );
});

t.test('ports that speak no HTTP are told from each other', async (t) => {
  const treatments: readonly (readonly [RestFault, (socket: Socket) => void])[] = [
    ['closed', (socket) => socket.end()],
    ['closed', (socket) => socket.resetAndDestroy()],
    ['timeout', () => undefined],
    ['not-flink', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
    // The beginning of a TLS alert, as a TLS port without redirection answers.
    ['not-flink', (socket) => socket.end(Buffer.from('15030300020246', 'hex'))],
  ];
  for (const [fault, treat] of treatments) {
    const server = await serveBytes(treat);
    const rest = new FlinkRest({ url: `http://127.0.0.1:${server.port}`, timeoutMs: 400 });
    t.equal((await faultOf(rest.dashboard())).fault, fault);
    await rest.close();
    server.close();
  }
});

t.test('a closed port and a name without address are told', async (t) => {
  const server = await serveBytes(() => undefined);
  server.close();
  const refused = new FlinkRest({ url: `http://127.0.0.1:${server.port}`, timeoutMs: 2000 });
  t.equal((await faultOf(refused.dashboard())).fault, 'refused');
  // RFC 6761: never resolves.
  const nameless = new FlinkRest({ url: 'http://jobmanager.invalid:8081', timeoutMs: 5000 });
  t.match((await faultOf(nameless.dashboard())).fault, /^(?:unresolved|timeout)$/);
});

t.test('an interruption ends a question, and lets no further one start', async (t) => {
  const stop = new AbortController();
  await asking(
    { '/config': () => stop.abort() },
    async (rest, server) => {
      t.equal((await faultOf(rest.dashboard())).fault, 'interrupted');
      t.equal((await faultOf(rest.overview())).fault, 'interrupted');
      t.equal(server.asked.length, 1);
    },
    { signal: stop.signal },
  );
});

t.test('after a failure the next question has a connection of its own', async (t) => {
  let times = 0;
  const answers: RestAnswers = {
    '/config': (request, response) => {
      times += 1;
      if (times === 1) request.socket.destroy();
      else response.end(clusterAnswers('off')['/config']);
    },
  };
  await asking(answers, async (rest) => {
    t.equal((await faultOf(rest.dashboard())).fault, 'closed');
    t.equal((await rest.dashboard()).flinkVersion, '1.20.3');
  });
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

t.test('IPv6 works', { skip: hasIpv6 ? false : 'no IPv6 here' }, async (t) => {
  const server = await serveRest(clusterAnswers('off'), undefined, '::1');
  const rest = new FlinkRest({ url: server.url, timeoutMs: 2000 });
  t.equal((await rest.dashboard()).flinkVersion, '1.20.3');
  await rest.close();
  await server.close();
});
