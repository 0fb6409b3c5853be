import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { FlinkRest } from '../../src/net/flink-rest.ts';
import { RestFailure, type RestFault } from '../../src/net/flink-rest-failure.ts';
import { asking, faultOf } from './flink-rest-asking.ts';

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
