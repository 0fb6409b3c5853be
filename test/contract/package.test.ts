import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { read, root, textFiles } from '../support/repository.ts';

interface Locked {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly engines?: { readonly node?: string };
}

const described = JSON.parse(read('package.json')) as {
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
};
const locked = Object.entries((JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }).packages);

t.test('what users install runs no script and compiles nothing', async (t) => {
  const runtime = locked.filter(([name, { dev }]) => name !== '' && dev !== true);
  t.ok(runtime.length >= Object.keys(described.dependencies).length);
  for (const [name, { hasInstallScript }] of runtime) t.not(hasInstallScript, true, name);
  for (const [name] of runtime) t.notOk(existsSync(path.join(root, name, 'binding.gyp')), `${name} has no native part`);
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) t.notOk(name in described.scripts, name);
});

t.test('every version is exact, in the package and in the lock file', async (t) => {
  const asked = { ...described.dependencies, ...described.devDependencies };
  for (const [name, version] of Object.entries(asked)) t.match(version, /^\d+\.\d+\.\d+$/, name);
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, Locked & { version: string; dependencies?: object; devDependencies?: object }>;
  };
  t.strictSame(packages['']!.dependencies, described.dependencies);
  t.strictSame(packages['']!.devDependencies, described.devDependencies);
});

t.test('the sources import no package that users would not have', async (t) => {
  // Nor would they have `src/build/`, which the package leaves out, nor what is bundled for the browser.
  const sources = textFiles().filter((name) =>
    /^(?:src\/(?!build\/|web\/browser\/)|probes\/).*(?<!\.d)\.ts$/.test(name),
  );
  const imported = new Set(
    sources.flatMap((name) => [...read(name).matchAll(/from '([^.'][^']*)'/g)].map((match) => match[1]!)),
  );
  const packages = [...imported].filter((name) => !name.startsWith('node:')).sort();
  t.strictSame(packages, Object.keys(described.dependencies).sort(), 'and every dependency is used');
});

const npm = process.env.npm_execpath;
const skip = npm === undefined || !/\.c?js$/.test(npm) ? 'not run by npm' : false;

t.test('the package holds program, channels, captures and documents, and no test', { skip }, async (t) => {
  const packed = spawnSync(process.execPath, [npm!, 'pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  t.equal(packed.status, 0, packed.stderr);
  const [{ files }] = JSON.parse(packed.stdout) as [{ files: { path: string }[] }];
  const paths = files.map((file) => file.path);
  for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json', 'captures/README.md', 'docs/probing.md'])
    t.ok(paths.includes(name), name);
  for (const name of ['dist/src/index.js', 'dist/src/index.d.ts', 'dist/probes/rest.js'])
    t.ok(paths.includes(name), name);
  for (const name of ['main.js', 'main.js.map', 'start.js', 'demonstration.js'])
    t.ok(paths.includes(`dist/bundle/cli/${name}`), name);
  t.ok(paths.includes('dist/bundle/THIRD-PARTY.txt'), 'and the licences of what is built into it');
  t.strictSame(
    paths.filter((name) => name.startsWith('dist/src/build/')),
    [],
  );
  t.strictSame(
    paths.filter(
      (name) => !/^(?:dist\/(?:bundle|src|probes)|captures|docs)\/|^[A-Z]+(?:\.md)?$|^package\.json$/.test(name),
    ),
    [],
  );
});
