import t from 'tap';
import { normaliseAddress } from '../../src/net/address.ts';
import { resolveName } from '../../src/net/resolve.ts';

const never = (): Promise<never> => new Promise(() => {});
const unknown = (): Promise<never> => Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }));

t.test('literals pass without a resolver', async (t) => {
  const cases = [
    ['10.0.0.1', '10.0.0.1'],
    ['[::1]', '::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['[fe80::1%eth0]', 'fe80::1%eth0'],
    [' 10.0.0.1 ', '10.0.0.1'],
  ] as const;
  for (const [given, address] of cases) {
    t.strictSame(await resolveName(given, { lookup: never }), { kind: 'addresses', addresses: [address] }, given);
  }
});

t.test('a name gives all its addresses, each once, in the order of the resolver', async (t) => {
  const lookup = async (): Promise<{ address: string; family: number }[]> => [
    { address: '2001:db8::2', family: 6 },
    { address: '10.0.0.2', family: 4 },
    { address: '::ffff:10.0.0.2', family: 6 },
    { address: '10.0.0.1', family: 4 },
  ];
  t.strictSame(await resolveName('flink.example', { lookup }), {
    kind: 'addresses',
    addresses: ['2001:db8::2', '10.0.0.2', '10.0.0.1'],
  });
});

t.test('localhost means this host, whatever the resolver thinks', async (t) => {
  for (const name of ['localhost', 'LOCALHOST.', 'jobmanager.localhost']) {
    const found = await resolveName(name, { lookup: unknown });
    t.strictSame(found, { kind: 'addresses', addresses: ['127.0.0.1', '::1'] }, name);
  }
  const system = await resolveName('localhost');
  t.ok(system.kind === 'addresses' && system.addresses.some((one) => one === '127.0.0.1' || one === '::1'));
});

t.test('a name without addresses says why', async (t) => {
  t.strictSame(await resolveName('nowhere.example', { lookup: unknown }), { kind: 'unresolved', because: 'ENOTFOUND' });
  t.strictSame(await resolveName('nothing.example', { lookup: async () => [] }), {
    kind: 'unresolved',
    because: 'ENOTFOUND',
  });
  t.strictSame(await resolveName('slow.example', { lookup: never, timeoutMs: 20 }), {
    kind: 'unresolved',
    because: 'timeout',
  });
  t.strictSame(await resolveName('', { lookup: never }), { kind: 'unresolved', because: 'ENOTFOUND' });
});

t.test('an address has one spelling', (t) => {
  const cases = [
    ['::FFFF:127.0.0.1', '127.0.0.1'],
    ['::ffff:7f00:1', '127.0.0.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[2001:db8:0:0:1:0:0:1]', '2001:db8::1:0:0:1'],
    ['jobmanager', 'jobmanager'],
    ['127.0.0.1', '127.0.0.1'],
  ] as const;
  for (const [given, expected] of cases) t.equal(normaliseAddress(given), expected, given);
  t.end();
});
