import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { readKeyStore } from '../../src/keystore/key-store.ts';

/** keytool itself, over many files in one JVM. */
const SOURCE = `
public class Lists {
  public static void main(String[] args) throws Exception {
    for (int i = 0; i < args.length; i += 2) {
      System.out.println("FILE " + args[i]);
      String[] list = {"-list", "-v", "-keystore", args[i], "-storepass", args[i + 1]};
      sun.security.tools.keytool.Main.main(list);
    }
  }
}
`;

const javaMissing = spawnSync('javac', ['-version']).error === undefined ? false : 'no JDK found';
const vectors = fileURLToPath(new URL('../../../test/vectors', import.meta.url));
const files = ['keystore', 'ssl']
  .flatMap((folder) => readdirSync(path.join(vectors, folder)).map((name) => path.join(vectors, folder, name)))
  // keytool takes no empty password, and asks for one.
  .filter((file) => /\.(?:p12|jks|jceks)$/.test(file) && !file.endsWith('openssl-empty-password.p12'));

interface Listed {
  /** `alias type`, sorted. */
  readonly entries: readonly string[];
  /** SHA-256 of every certificate of every chain, sorted. */
  readonly certificates: readonly string[];
}

function byKeytool(output: string): Listed {
  const entries = [...output.matchAll(/^Alias name: (.*)\n(?:Creation date: .*\n)?Entry type: (\w+)/gm)];
  return {
    entries: entries.flatMap(([, alias, type]) => (type === 'SecretKeyEntry' ? [] : [`${alias} ${type}`])).sort(),
    certificates: [...output.matchAll(/SHA256: ([0-9A-F:]+)/g)].map(([, hex]) => hex!.replaceAll(':', '')).sort(),
  };
}

function byUs(file: string): Listed & { readonly problems: readonly string[] } {
  const { keys, locked, trusted, problems } = readKeyStore(readFileSync(file), { name: file, password: 'flinkpw' });
  const own = [...keys, ...locked];
  const chains = [...own.map(({ certificates }) => certificates), ...trusted.map(({ certificate }) => [certificate])];
  return {
    entries: [
      ...own.map(({ alias }) => `${alias} PrivateKeyEntry`),
      ...trusted.map(({ alias }) => `${alias} trustedCertEntry`),
    ].sort(),
    certificates: chains
      .flat()
      .map((der) => createHash('sha256').update(der).digest('hex').toUpperCase())
      .sort(),
    problems,
  };
}

t.test(
  'every store of the tests holds what keytool lists, entry by entry and certificate by certificate',
  { skip: javaMissing },
  (t) => {
    const folder = t.testdir({ 'Lists.java': SOURCE });
    const { stdout, stderr } = spawnSync(
      'java',
      [
        ...['-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Duser.language=en'],
        ...['--add-exports', 'java.base/sun.security.tools.keytool=ALL-UNNAMED', path.join(folder, 'Lists.java')],
        ...files.flatMap((file) => [file, 'flinkpw']),
      ],
      { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
    );
    const lists = new Map(
      stdout.split(/^FILE /m).flatMap((part) => {
        const end = part.indexOf('\n');
        return end === -1 ? [] : [[part.slice(0, end), byKeytool(part.slice(end))] as const];
      }),
    );
    t.equal(lists.size, files.length, stderr);
    for (const file of files) {
      const { problems, ...own } = byUs(file);
      // A sealed object of JCEKS has no length: what stands behind it stays unread, and the reading says so.
      if (problems.includes('entries from the first secret key on were passed over')) continue;
      // Java passes over what has no trust attribute of its own; the reading says so.
      const isWithoutTrust = problems.some((one) => one.includes('Java trusts none of them'));
      const expected = isWithoutTrust ? { entries: [], certificates: [] } : own;
      t.strictSame(lists.get(file), expected, path.basename(file));
    }
    t.end();
  },
);
