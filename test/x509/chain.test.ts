import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { readCertificate } from '../../src/x509/certificate.ts';
import type { HostMatch } from '../../src/x509/chain.ts';
import { CHAIN_VERIFIED_MAX, matchesHost, readChain } from '../../src/x509/chain.ts';
import { formatIpAddress, parseIpAddress } from '../../src/x509/ip-address.ts';
import type { MintOptions } from '../support/pki.ts';
import { mintEc, mintPki, mintRsa } from '../support/pki.ts';
import { readVector } from '../support/vectors.ts';

const vector = (name: string): Uint8Array => readVector(`certificates/${name}.der`);
const [jm, intermediate, root, internal] = ['rest-jm', 'lab-intermediate', 'lab-root', 'internal'].map(vector) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

t.test('the chains of real clusters stand in order and end in their roots', async (t) => {
  t.match(readChain([jm, intermediate, root]), { order: 'in-order', issuers: [1, 2, 2], end: 'self-signed' });
  t.match(readChain([internal]), { order: 'single', end: 'self-signed', selfSigned: true });
  t.match(readChain([vector('internal-weak')]), { end: 'self-signed', selfSigned: true });
});

t.test('what is left out, turned round, sent twice or foreign is told', async (t) => {
  t.match(readChain([jm, intermediate]), { order: 'in-order', end: 'incomplete', selfSigned: false });
  t.match(readChain([jm]), { order: 'single', end: 'incomplete' });
  t.match(readChain([jm, root]), { order: 'unrelated', end: 'incomplete' });
  t.match(readChain([jm, root, intermediate]), { order: 'out-of-order', issuers: [2, 1, 1], end: 'self-signed' });
  t.match(readChain([jm, intermediate, internal]), { order: 'unrelated', end: 'incomplete' });
  t.match(readChain([jm, intermediate, intermediate, root]), { duplicates: [2], end: 'self-signed' });
  t.match(readChain([]), { order: 'empty', end: 'none', selfSigned: false });
});

t.test('a name alone makes no issuer: the signature decides', async (t) => {
  const { root: genuine, intermediate: between, leaf } = mintPki();
  const impostor = mintRsa({ name: genuine.name, ca: true });
  t.match(readChain([leaf.der, between.der, impostor.der]), { order: 'unrelated', end: 'incomplete' });
  t.match(readChain([leaf.der, between.der, impostor.der, genuine.der]), { issuers: [1, 3, 2, 3] });
});

t.test('chains of elliptic keys are followed too', async (t) => {
  const authority = mintEc('Ed25519', { name: [['CN', 'authority']], ca: true });
  const leaf = mintEc('P-256', { name: [['CN', 'leaf']], issuer: authority });
  t.match(readChain([leaf.der, authority.der]), { order: 'in-order', end: 'self-signed' });
});

t.test('damaged and endless chains are read without a throw', async (t) => {
  t.match(readChain([jm.subarray(0, 300), intermediate]), { order: 'unrelated', end: 'unverifiable' });
  const many = new Array<Uint8Array>(CHAIN_VERIFIED_MAX + 30).fill(internal);
  const reading = readChain(many);
  t.equal(reading.certificates.length, many.length);
  t.equal(reading.duplicates.length, many.length - 1);
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }), (chain) => {
      return readChain(chain).certificates.length === chain.length;
    }),
  );
});

const KEY = mintEc('P-256');
const minted = (options: MintOptions): ReturnType<typeof readCertificate> =>
  readCertificate(mintEc('P-256', { keyOf: KEY, ...options }).der);

t.test('matches names as RFC 9525 section 6 tells', async (t) => {
  const certificate = minted({
    name: [['CN', 'cn.example']],
    subjectAltNames: ['DNS:jm', 'DNS:*.flink.example', 'DNS:w*.example', 'DNS:*', 'DNS:Upper.Example', 'IP:10.77.0.1'],
  });
  const cases: readonly (readonly [string, HostMatch])[] = [
    ['jm', 'dns'],
    ['JM', 'dns'],
    ['jm.', 'dns'],
    ['upper.example', 'dns'],
    ['tm1.flink.example', 'dns'],
    ['a.tm1.flink.example', 'none'],
    ['flink.example', 'none'],
    ['.flink.example', 'none'],
    ['www.example', 'none'],
    ['w*.example', 'none'],
    ['anything', 'none'],
    ['', 'none'],
    ['.', 'none'],
    ['10.77.0.1', 'ip'],
    ['10.77.0.2', 'none'],
    ['cn.example', 'common-name-only'],
  ];
  for (const [host, match] of cases) t.equal(matchesHost(certificate, host), match, host);
});

t.test('addresses are compared as octets, IPv6 in any writing', async (t) => {
  const { der } = mintRsa({ bits: 1024, subjectAltNames: ['IP:2001:db8::10', 'DNS:127.0.0.1'] });
  const certificate = readCertificate(der);
  t.same(certificate.subjectAltNames, ['IP:2001:db8::10', 'DNS:127.0.0.1']);
  for (const host of ['2001:db8::10', '[2001:DB8:0:0::0010]', '2001:db8::0.0.0.16']) {
    t.equal(matchesHost(certificate, host), 'ip', host);
  }
  t.equal(matchesHost(certificate, '127.0.0.1'), 'none', 'an address in a DNS name does not count');
  t.equal(matchesHost(minted({ name: [['CN', '127.0.0.1']] }), '127.0.0.1'), 'common-name-only');
});

t.test('a name with a NUL does not match what stands before it', async (t) => {
  const certificate = minted({ name: [['CN', 'jm\0.evil.example']], subjectAltNames: ['DNS:jm\0.evil.example'] });
  t.equal(matchesHost(certificate, 'jm'), 'none');
});

t.test('real certificates name their hosts', async (t) => {
  for (const host of ['jm', 'tm1', 'tm2', '10.77.0.1', '10.77.0.3']) {
    t.not(matchesHost(readCertificate(internal), host), 'none', host);
  }
  t.equal(matchesHost(readCertificate(jm), 'tm1'), 'none');
  t.equal(matchesHost(readCertificate(root), 'lab root'), 'common-name-only');
});

t.test('IPv6 addresses are written as RFC 5952 section 4 tells', async (t) => {
  const cases = [
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010000000000010000000000000001', '2001:0:0:1::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['00000000000000000000000000000000', '::'],
    ['00010000000000000000000000000000', '1::'],
  ] as const;
  for (const [hex, text] of cases) {
    const octets = new Uint8Array(Buffer.from(hex, 'hex'));
    t.equal(formatIpAddress(octets), text);
    t.same(parseIpAddress(text), octets);
  }
  for (const text of [
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    'g::',
    '1:2',
    '::1%eth0',
  ]) {
    t.equal(parseIpAddress(text), undefined, text);
  }
  const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(fc.property(sixteen, (octets) => Buffer.compare(parseIpAddress(formatIpAddress(octets)!)!, octets) === 0));
});

const openssl = spawnSync('openssl', ['version']).status === 0;

t.test('OpenSSL agrees on hosts and addresses', { skip: openssl ? false : 'openssl not found' }, async (t) => {
  const leaf = mintEc('P-256', { subjectAltNames: ['DNS:jm', 'DNS:*.flink.example', 'IP:10.77.0.1'] });
  const directory = t.testdir({ 'leaf.pem': leaf.pem });
  const certificate = readCertificate(leaf.der);
  for (const host of [
    'jm',
    'tm1',
    'tm1.flink.example',
    'a.b.flink.example',
    'flink.example',
    '10.77.0.1',
    '10.77.0.9',
  ]) {
    const check = /^\d/.test(host) ? '-checkip' : '-checkhost';
    const { stdout } = spawnSync('openssl', ['x509', '-in', `${directory}/leaf.pem`, '-noout', check, host]);
    t.equal(matchesHost(certificate, host) !== 'none', !/NOT match/.test(stdout.toString()), host);
  }
});

const keytool = spawnSync('keytool', ['-help']).error === undefined;

t.test('reads what keytool makes, as keytool names it', { skip: keytool ? false : 'keytool not found' }, async (t) => {
  const directory = t.testdir({});
  const store = ['-keystore', `${directory}/store.p12`, '-storepass', 'password'];
  const subject = 'CN=flink.internal, OU=data\\, platform, O=Example, C=DE';
  spawnSync('keytool', [
    ...['-genkeypair', '-alias', 'flink', '-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', subject],
    ...['-ext', 'SAN=dns:flink.internal,ip:10.0.0.7', '-storetype', 'PKCS12', ...store],
  ]);
  spawnSync('keytool', ['-exportcert', '-alias', 'flink', '-file', `${directory}/flink.der`, ...store]);
  const der = new Uint8Array(readFileSync(`${directory}/flink.der`));
  t.match(readCertificate(der), {
    ...{ subject: 'CN=flink.internal,OU=data\\, platform,O=Example,C=DE', selfIssued: true, problem: undefined },
    ...{
      publicKey: { type: 'EC', bits: 256, curve: 'secp256r1' },
      subjectAltNames: ['DNS:flink.internal', 'IP:10.0.0.7'],
    },
  });
  t.match(readChain([der]), { end: 'self-signed', selfSigned: true });
});
