import { once } from 'node:events';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import fc from 'fast-check';
import t from 'tap';
import { EVERYTHING, TLS12_ONLY, TLS13_ONLY } from '../../../src/net/tls-client/offers.ts';
import type { HandshakeResult, Offer, Patience } from '../../../src/net/tls-client/types.ts';
import { mintEc } from '../../support/pki.ts';
import { shake } from './servers.ts';

/** What happens to the bytes of the server on their way. */
type Damage =
  | { readonly kind: 'none' }
  | { readonly kind: 'one-byte-segments' }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | { readonly kind: 'cut'; readonly at: number; readonly how: 'fin' | 'rst' | 'silence' }
  | { readonly kind: 'flip'; readonly at: number; readonly bits: number };

const identity = mintEc('P-256', { name: [['CN', 'behind a proxy']] });
const PATIENCE: Patience = { answerMs: 4000, verdictMs: 2000 };
/** For servers that are made to fall silent. */
const HASTE: Patience = { answerMs: 150, verdictMs: 60 };

/** A TLS server of Node that wants a certificate, and a proxy before it that damages what it says. */
async function start(
  rejectUnauthorized: boolean,
): Promise<{ readonly port: number; damage: Damage; stop: () => void }> {
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    socket.on('error', () => undefined);
    return socket;
  };
  const options = { key: identity.keyPem, cert: identity.pem, requestCert: true, rejectUnauthorized };
  const server = createServer(options, (socket) => keep(socket).write('hello'));
  server.on('tlsClientError', () => undefined);
  server.on('connection', keep);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const target = (server.address() as AddressInfo).port;
  const proxy = createTcpServer((near) => {
    keep(near).setNoDelay(true);
    const far = keep(connect(target, '127.0.0.1'));
    const { damage } = running;
    if (damage.kind === 'delay') {
      delay(near, far, damage.milliseconds / 2);
      delay(far, near, damage.milliseconds / 2);
      return;
    }
    near.pipe(far);
    pass(far, near, damage);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const running = {
    port: (proxy.address() as AddressInfo).port,
    damage: { kind: 'none' } as Damage,
    stop: (): void => {
      for (const socket of open) socket.destroy();
      server.close();
      proxy.close();
    },
  };
  return running;
}

/** In order: timers of the same length fire as they were set. */
function delay(from: Socket, to: Socket, milliseconds: number): void {
  from.on('data', (chunk: Buffer) => setTimeout(() => to.write(chunk), milliseconds));
  from.on('end', () => setTimeout(() => to.end(), milliseconds));
}

function pass(from: Socket, to: Socket, damage: Damage): void {
  let passed = 0;
  from.on('data', (chunk: Buffer) => {
    const start = passed;
    passed += chunk.length;
    if (damage.kind === 'cut' && passed > damage.at) {
      if (start <= damage.at) to.write(chunk.subarray(0, damage.at - start));
      if (damage.how === 'fin') to.end();
      if (damage.how === 'rst') setImmediate(() => to.resetAndDestroy());
      return;
    }
    if (damage.kind === 'flip' && start <= damage.at && damage.at < passed) {
      chunk[damage.at - start]! ^= damage.bits;
    }
    if (damage.kind === 'one-byte-segments') for (const octet of chunk) to.write(Uint8Array.of(octet));
    else to.write(chunk);
  });
  from.on('close', () => to.end());
}

const VERSIONS = [
  [TLS12_ONLY, 'TLSv1.2'],
  [TLS13_ONLY, 'TLSv1.3'],
] as const;

/** What does not change from one handshake to the next. */
function lasting(result: HandshakeResult): object {
  const { durationMs, ...rest } = result;
  return rest;
}

t.test('through a proxy', async (t) => {
  const running = await start(false);
  t.teardown(() => running.stop());
  const shakeDamaged = async (offer: Offer, damage: Damage, patience = PATIENCE): Promise<HandshakeResult> => {
    running.damage = damage;
    return (await shake(running.port, { offer, goal: 'finish', patience })).result;
  };

  await t.test('segments of one byte give the same result', async (t) => {
    for (const [offer, version] of VERSIONS) {
      const whole = await shakeDamaged(offer, { kind: 'none' });
      t.match(whole, { end: 'finished', version, presented: 'empty' });
      t.strictSame(lasting(await shakeDamaged(offer, { kind: 'one-byte-segments' })), lasting(whole));
    }
  });

  await t.test('a close at any byte is a result, and never a finished handshake before its end', async (t) => {
    const anywhere = fc.record({
      offer: fc.constantFrom(TLS12_ONLY, TLS13_ONLY, EVERYTHING),
      at: fc.integer({ min: 0, max: 900 }),
      how: fc.constantFrom('fin' as const, 'rst' as const),
    });
    let refused = 0;
    const property = fc.asyncProperty(anywhere, async ({ offer, at, how }) => {
      const result = await shakeDamaged(offer, { kind: 'cut', at, how });
      if (result.end === 'refused') refused++;
      // The flight alone is longer than this; a finished one was not cut where it matters.
      return result.end === 'refused' || (result.end === 'finished' && at > 500);
    });
    await fc.assert(property, { numRuns: 80 });
    t.ok(refused > 20, `${refused} refused`);
  });

  await t.test('silence after any byte ends in time', async (t) => {
    const anywhere = fc.tuple(fc.constantFrom(TLS12_ONLY, TLS13_ONLY), fc.integer({ min: 0, max: 500 }));
    const property = fc.asyncProperty(anywhere, async ([offer, at]) => {
      const started = Date.now();
      const result = await shakeDamaged(offer, { kind: 'cut', at, how: 'silence' }, HASTE);
      return result.end === 'silent' && Date.now() - started < 3000;
    });
    await fc.assert(property, { numRuns: 10 });
    t.pass();
  });

  await t.test('a damaged byte never throws, and is never taken for the server’s word', async (t) => {
    const whole = await shakeDamaged(TLS13_ONLY, { kind: 'none' });
    const anywhere = fc.record({
      offer: fc.constantFrom(TLS12_ONLY, TLS13_ONLY),
      at: fc.integer({ min: 0, max: 700 }),
      bits: fc.integer({ min: 1, max: 255 }),
    });
    const property = fc.asyncProperty(anywhere, async ({ offer, at, bits }) => {
      const result = await shakeDamaged(offer, { kind: 'flip', at, bits }, HASTE);
      if (result.end !== 'finished' && result.end !== 'unproven') return;
      // The version of a record header says nothing; all else is under signature, Finished or tag.
      t.strictSame(result.certificates, whole.certificates);
      t.equal(result.presented, 'empty');
    });
    await fc.assert(property, { numRuns: 80 });
  });
});

t.test('a refusal is heard from far away, and so is consent', async (t) => {
  const [strict, lenient] = [await start(true), await start(false)];
  t.teardown(() => {
    strict.stop();
    lenient.stop();
  });
  const one = async (running: typeof strict, offer: Offer, milliseconds: number): Promise<HandshakeResult> => {
    running.damage = { kind: 'delay', milliseconds };
    const patience = { answerMs: 4000, verdictMs: 1500 };
    return (await shake(running.port, { offer, goal: 'finish', patience })).result;
  };
  const delays = [0, 5, 40, 70, 120, 300];
  const cases = delays.flatMap((milliseconds) => VERSIONS.map(([offer]) => ({ offer, milliseconds })));
  await Promise.all(
    cases.map(async ({ offer, milliseconds }) => {
      const refused = await one(strict, offer, milliseconds);
      t.match(refused, { end: 'refused', presented: 'empty', refusal: { how: 'alert', after: 'certificate' } });
      const accepted = await one(lenient, offer, milliseconds);
      t.match(accepted, { end: 'finished', presented: 'empty' }, `${milliseconds} ms`);
    }),
  );
});
