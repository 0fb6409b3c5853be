import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Unusable } from '../../src/cli/failure.ts';
import {
  readIdentity,
  readSecret,
  readTrustAnchors,
  readTrustStore,
  SECRET_OCTETS_MAX,
} from '../../src/cli/secrets.ts';
import { readVector } from '../support/vectors.ts';

const vector = (name: string): Uint8Array => readVector(`keystore/${name}`);

/** A folder with stores and passwords as an operator has them. */
function folderOf(t: { testdir(content: Record<string, string>): string }): (name: string) => string {
  const folder = t.testdir({
    password: 'flinkpw\n',
    windows: 'flinkpw\r\nsecond line\r\n',
    bare: 'flinkpw',
    wrong: 'wrong\n',
    empty: '\nflinkpw\n',
  });
  for (const name of [
    'rsa-jdk17.p12',
    'two-keys.p12',
    'trust-jdk17.p12',
    'rsa.jks',
    'bundle.pem',
    'encrypted-key.pem',
    'openssl-trust.p12',
    'leaf.pem',
  ]) {
    writeFileSync(path.join(folder, name), vector(name));
  }
  return (name) => path.join(folder, name);
}

/** The message of the `Unusable` that has to be thrown. */
function refusal(use: () => unknown): string {
  try {
    use();
  } catch (error) {
    if (error instanceof Unusable) return error.message;
    throw error;
  }
  return 'not refused';
}

t.test('an identity is one key with its certificates', async (t) => {
  const at = folderOf(t);
  for (const passwordFile of [at('password'), at('windows'), at('bare')]) {
    const identity = readIdentity({ file: at('rsa-jdk17.p12'), passwordFile });
    t.match(identity, { file: at('rsa-jdk17.p12'), alias: 'flink', problems: [] });
    t.ok(new X509Certificate(identity.certificates[0]!).checkPrivateKey(identity.privateKey));
  }
  const identity = readIdentity({ file: at('rsa-jdk17.p12'), passwordEnv: 'STORE' }, { STORE: 'flinkpw' });
  t.equal(identity.alias, 'flink');
  t.equal(readIdentity({ file: at('bundle.pem') }).certificates.length, 2);
});

t.test('a trust store gives its anchors and what is to be told', async (t) => {
  const at = folderOf(t);
  t.equal(readTrustAnchors({ file: at('trust-jdk17.p12'), passwordFile: at('password') }).length, 2);
  t.equal(readTrustAnchors({ file: at('rsa.jks') }).length, 3, 'JKS needs no password for certificates');
  t.equal(readTrustAnchors({ file: at('leaf.pem') }).length, 1);
  const store = readTrustStore({ file: at('openssl-trust.p12'), passwordFile: at('password') });
  t.match(store.problems, [/Java trusts none/]);
});

t.test('what is wrong is said with option, file, and what to do', async (t) => {
  const at = folderOf(t);
  const p12 = at('rsa-jdk17.p12');
  const says = (use: () => unknown, ...parts: readonly string[]): void => {
    const text = refusal(use);
    for (const part of parts) t.ok(text.includes(part), `${JSON.stringify(part)} in ${JSON.stringify(text)}`);
    t.notMatch(text, /flinkpw/, 'no password in it');
  };
  says(
    () => readIdentity({ file: p12 }),
    `--identity: ${p12}: `,
    '--identity-password-file FILE',
    '-password-env NAME',
  );
  says(
    () => readIdentity({ file: p12, passwordFile: at('wrong') }),
    p12,
    'password is wrong',
    `first line of ${at('wrong')}`,
  );
  says(() => readIdentity({ file: p12, passwordEnv: 'STORE' }, { STORE: 'no' }), 'environment variable STORE');
  says(() => readTrustAnchors({ file: at('trust-jdk17.p12') }), '--truststore: ', '--truststore-password-file FILE');
  says(() => readIdentity({ file: at('encrypted-key.pem') }), 'line', 'no password was given');
  says(
    () => readIdentity({ file: at('two-keys.p12'), passwordFile: at('password') }),
    '"first", "second"',
    '-srcalias',
  );
  says(() => readIdentity({ file: at('leaf.pem') }), 'holds no private key', 'in one file');
  says(() => readIdentity({ file: at('nothing.pem') }), `--identity: ${at('nothing.pem')}: no such file`);
  says(() => readIdentity({ file: path.dirname(p12) }), 'is a folder');
  says(() => readIdentity({ file: p12, passwordFile: at('gone') }), '--identity-password-file: ', 'no such file');
  says(() => readIdentity({ file: p12, passwordFile: at('empty') }), `the first line of ${at('empty')} is empty`);
  says(() => readIdentity({ file: p12, passwordFile: at('password'), passwordEnv: 'A' }), 'exclude each other');
  says(() => readIdentity({ file: '-', passwordFile: '-' }), 'cannot both');
  says(() => readIdentity({ file: at('password') }), 'none of PEM, PKCS#12, JKS, JCEKS');
});

t.test('what stands where the name of a variable belongs is not repeated', async (t) => {
  const text = refusal(() => readSecret('identity-password', { env: 'hunter2!' }, {}));
  t.equal(text, '--identity-password-env: wants the name of an environment variable, not the secret');
  t.notMatch(
    refusal(() => readSecret('identity-password', { env: 'hunter2' }, {})),
    /hunter2/,
  );
  t.match(
    refusal(() => readSecret('identity-password', { env: 'EMPTY' }, { EMPTY: '' })),
    /EMPTY is empty/,
  );
});

t.test('a key with a password of its own has it on the second line', async (t) => {
  const at = folderOf(t);
  writeFileSync(at('both'), 'flinkpw\nkeypass\n');
  writeFileSync(at('two-keys.jks'), vector('rsa.jks'));
  const aliases = (passwordFile: string): string =>
    refusal(() => readIdentity({ file: at('two-keys.jks'), passwordFile }));
  t.match(aliases(at('both')), /holds 2 private keys \("flink", "flink-ec"\)|\("flink-ec", "flink"\)/);
  t.equal(
    readIdentity({ file: at('two-keys.jks'), passwordFile: at('password') }).alias,
    'flink',
    'the one that opens',
  );
  t.equal(readIdentity({ file: at('encrypted-key.pem'), passwordFile: at('both') }).certificates.length, 2);
});

t.test('systemd passes secrets as credentials', async (t) => {
  const folder = t.testdir({ store: 'flinkpw' });
  const environment = { CREDENTIALS_DIRECTORY: folder };
  t.equal(readSecret('identity-password', { file: 'credential:store' }, environment), 'flinkpw');
  t.match(
    refusal(() => readSecret('identity-password', { file: 'credential:store' }, {})),
    /LoadCredential=/,
  );
  for (const name of ['../store', '', '.', 'a/b']) {
    t.match(
      refusal(() => readSecret('identity-password', { file: `credential:${name}` }, environment)),
      /is no name/,
    );
  }
});

t.test('a secret comes through standard input, too', async (t) => {
  const script = `
    const { readSecret } = await import(${JSON.stringify(new URL('../../src/cli/secrets.js', import.meta.url).href)});
    process.stdout.write(readSecret('identity-password', { file: '-' }));
  `;
  const options = { input: 'flinkpw\nmore', encoding: 'utf8' } as const;
  t.equal(spawnSync(process.execPath, ['--input-type=module', '-e', script], options).stdout, 'flinkpw');
});

t.test('what is too large to be a secret is not read to its end', async (t) => {
  const folder = t.testdir({ large: 'x'.repeat(SECRET_OCTETS_MAX + 1) });
  const text = refusal(() => readSecret('identity-password', { file: path.join(folder, 'large') }));
  t.match(text, /larger than 65536 bytes/);
});
