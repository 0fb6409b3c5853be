import { spawnSync } from 'node:child_process';
import { getDiffieHellman } from 'node:crypto';
import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { bitLength, dhGroupName } from '../../src/tls/dh-groups.ts';

const openssl = spawnSync('openssl', ['version'], { encoding: 'utf8' }).status === 0;

/** The prime that OpenSSL prints for one of its named groups. */
function primeOf(group: string): Uint8Array {
  const parameters = spawnSync('openssl', ['genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', `group:${group}`]);
  const text = spawnSync('openssl', ['asn1parse'], { input: parameters.stdout, encoding: 'utf8' }).stdout;
  return fromHex(/INTEGER\s+:([0-9A-F]{100,})/.exec(text)?.[1] ?? '');
}

t.test('bits do not count leading zeros', async (t) => {
  t.equal(bitLength(fromHex('00')), 0);
  t.equal(bitLength(fromHex('')), 0);
  t.equal(bitLength(fromHex('01')), 1);
  t.equal(bitLength(fromHex('00ff')), 8);
  t.equal(bitLength(fromHex('0100')), 9);
});

t.test('the primes of RFC 3526 are known by name, with leading zeros too', async (t) => {
  const p = getDiffieHellman('modp14').getPrime();
  t.equal(dhGroupName(p), 'modp14');
  t.equal(dhGroupName(Buffer.concat([fromHex('0000'), p])), 'modp14');
  const other = Uint8Array.from(p);
  other[100]! ^= 1;
  t.equal(dhGroupName(other), undefined);
});

for (const bits of [2048, 3072, 4096, 6144, 8192]) {
  t.test(`ffdhe${bits} is the prime that OpenSSL has`, { skip: openssl ? false : 'openssl not found' }, async (t) => {
    const p = primeOf(`ffdhe${bits}`);
    t.equal(bitLength(p), bits);
    t.equal(dhGroupName(p), `ffdhe${bits}`);
  });
}
