import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { KeyStoreEntries } from '../../src/keystore/entries.ts';
import { identityOf, readKeyStore, trustAnchorsOf } from '../../src/keystore/key-store.ts';
import { missing } from '../support/capture-tools.ts';
import { mintEc, mintPki } from '../support/pki.ts';

/** Not ASCII: PKCS#12 takes it as UTF-16 for the MAC, and as UTF-8 for PBES2. */
const PASSWORD = 'pass wörd';

const buffers = (list: readonly Uint8Array[]): Buffer[] => list.map((one) => Buffer.from(one));

function read(file: string, password: string): KeyStoreEntries {
  return readKeyStore(readFileSync(file), { name: path.basename(file), password });
}

t.test(
  'stores that OpenSSL makes in all its ways give what went into them',
  { skip: missing('openssl') },
  async (t) => {
    const { root, intermediate, leaf } = mintPki();
    const folder = t.testdir({
      'leaf.pem': leaf.pem,
      'leaf.key': leaf.keyPem,
      'rest.pem': intermediate.pem + root.pem,
    });
    const ways: readonly (readonly string[])[] = [
      [],
      ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC', '-macalg', 'sha1'],
      ['-keypbe', 'AES-256-CBC', '-certpbe', 'NONE', '-macalg', 'sha512'],
      ['-keypbe', 'NONE', '-certpbe', 'NONE', '-macalg', 'sha384'],
      ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
      ['-legacy', '-keypbe', 'PBE-SHA1-2DES', '-certpbe', 'PBE-SHA1-RC2-128'],
      ['-legacy', '-keypbe', 'PBE-SHA1-RC2-40', '-certpbe', 'PBE-SHA1-RC2-40'],
      ['-nomac'],
      ['-nomaciter', '-noiter'],
      ['-iter', '100000'],
      ['-CSP', 'a provider', '-name', 'Ünïcode', '-caname', 'one', '-caname', 'two'],
    ];
    for (const way of ways) {
      const inputs = ['-in', 'leaf.pem', '-inkey', 'leaf.key', '-certfile', 'rest.pem'];
      const args = ['pkcs12', '-export', ...inputs, ...way, '-passout', `pass:${PASSWORD}`, '-out', 'store.p12'];
      const made = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
      const title = way.join(' ') || 'as it likes';
      if (made.status !== 0) {
        t.comment(`openssl cannot: ${title}`);
        continue;
      }
      const entries = read(path.join(folder, 'store.p12'), PASSWORD);
      const identity = identityOf(entries);
      t.strictSame(
        buffers(identity.certificates),
        [leaf, intermediate, root].map((one) => Buffer.from(one.der)),
        title,
      );
      t.ok(identity.privateKey.equals(createPrivateKey(leaf.keyPem)), title);
      t.equal(identity.alias, way.includes('Ünïcode') ? 'Ünïcode' : undefined, title);
      t.strictSame(entries.problems, [], title);
    }
  },
);

const keytoolMissing = spawnSync('keytool', ['-help']).error === undefined ? false : 'keytool not found';

/** A class loader's worth of time each: few calls, each for much. */
function keytool(folder: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  const quick = ['-J-XX:TieredStopAtLevel=1', '-J-Xshare:auto', '-J-Duser.language=en'];
  return spawnSync('keytool', [...args, ...quick], { cwd: folder, encoding: 'utf8' });
}

const fingerprints = (list: readonly Uint8Array[]): string[] =>
  list.map((one) => createHash('sha256').update(one).digest('hex').toUpperCase()).sort();

/** What `keytool -list -rfc -v` would take longer to say: SHA-256 of each entry, as `-list` prints it. */
function listed(output: string): string[] {
  return [...output.matchAll(/\(SHA-256\): ([0-9A-F:]+)/g)].map(([, hex]) => hex!.replaceAll(':', '')).sort();
}

t.test('stores that this JDK makes by its own defaults are read', { skip: keytoolMissing }, async (t) => {
  const authority = mintEc('P-256', { name: [['CN', 'authority']], ca: true });
  const folder = t.testdir({ 'ca.pem': authority.pem });
  const store = ['-storepass', 'flinkpw'];
  const make = ['-genkeypair', '-alias', 'MixedCase', '-keyalg', 'EC', '-dname', 'CN=live', ...store];
  for (const type of ['PKCS12', 'JKS']) {
    const file = `store.${type}`;
    const made = keytool(folder, ...make, '-storetype', type, '-keystore', file, '-keypass', 'flinkpw');
    t.equal(made.status, 0, made.stdout);
    t.equal(
      keytool(folder, '-importcert', '-noprompt', '-alias', 'ca', '-file', 'ca.pem', '-keystore', file, ...store)
        .status,
      0,
    );
    const list = keytool(folder, '-list', '-keystore', file, ...store);
    const entries = read(path.join(folder, file), 'flinkpw');
    t.equal(entries.format, type);
    const identity = identityOf(entries, 'mixedcase');
    t.ok(new X509Certificate(identity.certificates[0]!).checkPrivateKey(identity.privateKey), type);
    t.strictSame(fingerprints(trustAnchorsOf(entries)), listed(list.stdout), `${type}: what keytool lists`);
    t.strictSame(
      entries.trusted.map((one) => one.alias),
      ['ca'],
    );
    t.strictSame(entries.problems, []);
  }
});

t.test(
  'keytool trusts nothing in a trust store of OpenSSL, as the reading says',
  { skip: missing('openssl') || keytoolMissing },
  async (t) => {
    const authority = mintEc('P-256', { name: [['CN', 'authority']], ca: true });
    const folder = t.testdir({ 'ca.pem': authority.pem });
    const args = ['pkcs12', '-export', '-nokeys', '-in', 'ca.pem', '-passout', 'pass:flinkpw', '-out', 'trust.p12'];
    t.equal(spawnSync('openssl', args, { cwd: folder }).status, 0);
    t.match(keytool(folder, '-list', '-keystore', 'trust.p12', '-storepass', 'flinkpw').stdout, /contains 0 entries/);
    t.match(read(path.join(folder, 'trust.p12'), 'flinkpw').problems, [/Java trusts none of them/]);
  },
);
