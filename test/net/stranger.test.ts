import { execFileSync, spawnSync } from 'node:child_process';
import { sign, verify as verifySignature, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { StrangerOptions } from '../../src/net/stranger.ts';
import { mintStranger } from '../../src/net/stranger.ts';
import { readCertificateParts } from '../../src/x509/certificate.ts';
import { missing } from '../support/capture-tools.ts';
import { encodeName, mintRsa } from '../support/pki.ts';

const now = Date.UTC(2026, 10, 22, 18, 0, 0);
const common = { commonName: 'flinkprobe stranger', now } as const;
const skip = missing('openssl');

function parsed(options: StrangerOptions): {
  readonly chain: X509Certificate[];
  readonly all: ReturnType<typeof mintStranger>;
} {
  const all = mintStranger(options);
  return { chain: all.certificates.map((der) => new X509Certificate(der)), all };
}

for (const key of ['RSA', 'EC'] as const) {
  t.test(`a self-made ${key} certificate is signed by its own key and valid now`, async (t) => {
    const { chain, all } = parsed({ ...common, kind: 'self-made', key });
    const leaf = chain[0]!;
    t.equal(chain.length, 1);
    t.equal(leaf.subject, 'CN=flinkprobe stranger');
    t.equal(leaf.issuer, leaf.subject);
    t.ok(leaf.verify(leaf.publicKey));
    t.ok(leaf.checkPrivateKey(all.privateKey));
    t.notOk(leaf.ca);
    t.ok(Date.parse(leaf.validFrom) < now && now < Date.parse(leaf.validTo));
    t.equal(all.privateKey.asymmetricKeyType, key.toLowerCase());
    const data = Buffer.from('CertificateVerify');
    t.ok(verifySignature('sha256', data, leaf.publicKey, sign('sha256', data, all.privateKey)));
  });

  t.test(`an expired ${key} certificate is the same in the past`, async (t) => {
    const leaf = parsed({ ...common, kind: 'expired', key }).chain[0]!;
    t.ok(Date.parse(leaf.validFrom) < Date.parse(leaf.validTo));
    t.ok(Date.parse(leaf.validTo) < now);
    t.ok(leaf.verify(leaf.publicKey));
  });

  t.test(`another authority has issued the ${key} certificate, under the name that the server asked for`, async (t) => {
    const real = mintRsa({
      name: [
        ['O', 'cluster'],
        ['CN', 'root'],
      ],
      ca: true,
    });
    const issuer = encodeName(real.name);
    const { chain, all } = parsed({ ...common, kind: 'other-authority', key, issuer });
    const [leaf, authority] = chain as [X509Certificate, X509Certificate];
    t.equal(chain.length, 2);
    t.ok(leaf.checkIssued(authority) && leaf.verify(authority.publicKey), 'the made-up authority did sign it');
    t.ok(authority.ca);
    t.same(Buffer.from(readCertificateParts(all.certificates[0]!).issuer!), Buffer.from(issuer), 'octet by octet');
    t.equal(leaf.issuer, new X509Certificate(real.der).subject);
    t.notOk(leaf.verify(new X509Certificate(real.der).publicKey), 'and the real one did not');
    t.notOk(leaf.checkPrivateKey(real.privateKey));
  });
}

t.test('what is no name is not used as one', async (t) => {
  for (const issuer of ['', '30', '3000', '3080', '3005', '308200ff', '0403616263', '30030201'].map((hex) =>
    Buffer.from(hex, 'hex'),
  )) {
    const leaf = parsed({ ...common, kind: 'other-authority', key: 'EC', issuer }).chain[0]!;
    t.equal(leaf.issuer, 'CN=flinkprobe stranger authority');
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (tail) => {
      mintStranger({ ...common, kind: 'other-authority', key: 'EC', issuer: Buffer.concat([Buffer.of(0x30), tail]) });
    }),
  );
});

t.test('keys are made once, serial numbers each time', async (t) => {
  const one = mintStranger({ ...common, kind: 'self-made', key: 'RSA' });
  const other = mintStranger({ ...common, kind: 'expired', key: 'RSA' });
  t.equal(one.privateKey, other.privateKey);
  const serials = [one, other].map(({ certificates }) => new X509Certificate(certificates[0]!).serialNumber);
  t.not(serials[0], serials[1]);
  t.ok(serials.every((serial) => serial.length === 32));
});

t.test('OpenSSL sees in each what it is meant to be', { skip }, async (t) => {
  const folder = t.testdir();
  const real = mintRsa({ name: [['CN', 'root']], ca: true });
  writeFileSync(path.join(folder, 'root.pem'), real.pem);
  const verdict = (options: StrangerOptions): string => {
    const [leaf, ...rest] = mintStranger(options).certificates.map((der) => new X509Certificate(der).toString());
    writeFileSync(path.join(folder, 'leaf.pem'), leaf!);
    writeFileSync(path.join(folder, 'rest.pem'), rest.join(''));
    const args = ['verify', '-attime', `${now / 1000}`, '-CAfile', 'root.pem', '-purpose', 'sslclient'];
    const more = rest.length === 0 ? [] : ['-untrusted', 'rest.pem'];
    const { stdout, stderr } = spawnSync('openssl', [...args, ...more, 'leaf.pem'], { cwd: folder, encoding: 'utf8' });
    return /error (\d+) at \d+ depth/.exec(stdout + stderr)?.[1] ?? stdout;
  };
  const strict = (options: StrangerOptions): string => {
    const { certificates } = mintStranger(options);
    writeFileSync(path.join(folder, 'one.der'), certificates.at(-1)!);
    return execFileSync('openssl', ['x509', '-in', 'one.der', '-inform', 'DER', '-noout', '-text'], {
      cwd: folder,
      encoding: 'utf8',
    });
  };
  for (const key of ['RSA', 'EC'] as const) {
    // X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, _SELF_SIGNED_CERT_IN_CHAIN, _CERT_SIGNATURE_FAILURE of x509_vfy.h.
    t.equal(verdict({ ...common, kind: 'self-made', key }), '18');
    t.equal(verdict({ ...common, kind: 'expired', key }), '18');
    t.equal(verdict({ ...common, kind: 'other-authority', key }), '19');
    const issuer = encodeName(real.name);
    t.match(verdict({ ...common, kind: 'other-authority', key, issuer }), /^(7|19)$/);
    t.match(strict({ ...common, kind: 'self-made', key }), /TLS Web Client Authentication/);
    t.match(strict({ ...common, kind: 'other-authority', key }), /CA:TRUE/);
    t.match(strict({ ...common, kind: 'expired', key }), /Not After : Oct 23 18:00:00 2026 GMT/);
  }
});
