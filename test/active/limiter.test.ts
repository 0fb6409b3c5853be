import t from 'tap';
import type { Observation } from '../../src/model/report.ts';
import { type Front, front } from '../support/targets/front.ts';
import { nodeServer } from './node-server.ts';
import { survey } from './support.ts';

/** Connections that a survey of this server takes: well above what the limiters let through. */
const SUITES = [
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-RSA-AES128-SHA',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
  'AES256-SHA256',
  'AES128-SHA256',
  'AES256-SHA',
  'AES128-SHA',
];
const BURST = 10;

/** As many connections as `burst` in every window; what comes besides is turned away. */
function limiter(burst: number, windowMs: number, refusal: 'reset' | 'close' | 'silence'): Front['admit'] {
  const admitted: number[] = [];
  return () => {
    const now = Date.now();
    while (admitted.length > 0 && now - admitted[0]! >= windowMs) admitted.shift();
    if (admitted.length >= burst) return refusal;
    admitted.push(now);
    return 'pass';
  };
}

const suitesOf = ({ tls }: Observation): number => tls?.accepted?.cipherSuites['TLSv1.2']?.length ?? 0;

const server = await nodeServer({
  ...{ ciphers: SUITES.join(':'), dhparam: 'auto', honorCipherOrder: true },
  ...{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
});
t.teardown(() => server.close());

t.test('without a limit all suites are found', async (t) => {
  const counted = await front(server);
  const seen = await survey(counted, { channel: 'jobmanager-rpc' });
  await counted.close();
  t.equal(suitesOf(seen), SUITES.length);
  t.ok(counted.connections() > BURST, 'more connections than the limiters admit');
});

t.test('behind a limit of connections a minute, nothing is told as whole that is not', async (t) => {
  await Promise.all(
    (['reset', 'close', 'silence'] as const).map(async (refusal) => {
      const admit = limiter(BURST, 60_000, refusal)!;
      const limited = await front(server, { admit });
      const patience = { answerMs: 800, verdictMs: 500 };
      const seen = await survey(limited, { channel: 'jobmanager-rpc', patience });
      await limited.close();
      t.equal(seen.kind, 'tls', `${refusal}: TLS all the same`);
      t.ok(suitesOf(seen) > 0 && suitesOf(seen) < SUITES.length, `${refusal}: ${suitesOf(seen)} suites were found`);
      t.match(seen.asked, { complete: false, reason: 'connection-limit' }, `${refusal}: the reason is told`);
      t.equal(seen.tls?.clientAuthentication.verdict, 'not-requested', `${refusal}: what was found before stands`);
    }),
  );
});

t.test('a limit that passes is waited for', async (t) => {
  await Promise.all(
    (['reset', 'close', 'silence'] as const).map(async (refusal) => {
      const limited = await front(server, { admit: limiter(BURST, 1500, refusal)! });
      const patience = { answerMs: 400, verdictMs: 400 };
      const seen = await survey(limited, { channel: 'jobmanager-rpc', patience });
      await limited.close();
      const whole = seen.asked?.complete === true && suitesOf(seen) === SUITES.length;
      const told = seen.asked?.complete === false && seen.asked.reason === 'connection-limit';
      t.ok(whole || told, `${refusal}: ${suitesOf(seen)} suites, complete ${seen.asked?.complete}`);
    }),
  );
});

t.test('our own limit of connections is told as such', async (t) => {
  const counted = await front(server);
  const seen = await survey(counted, { channel: 'jobmanager-rpc', total: 6 });
  await counted.close();
  t.equal(counted.connections(), 6);
  t.match(seen, { kind: 'tls', asked: { complete: false, reason: 'budget' } });
});
