import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import t from 'tap';
import { bundle, write } from '../../src/build/bundle.ts';
import { notices } from '../../src/build/notices.ts';
import { analyseInThread } from '../../src/cli/capture-thread.ts';
import { settingsOf } from '../../src/daemon/settings-values.ts';
import { ENVIRONMENT, type Ended, MAIN } from '../support/command-line.ts';
import { names, read, root } from '../support/repository.ts';

/** The bundle that `npm run build` left, held against the modules beside it. */
const folder = fileURLToPath(new URL('../../bundle', import.meta.url));
const bundled = path.join(folder, 'cli/main.js');
const again = await bundle(root, folder);

const temporary = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-bundle-'));
t.teardown(() => rmSync(temporary, { recursive: true, force: true }));

interface Way {
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly preload?: string;
}

function run(args: readonly string[], { program = bundled, env = {}, preload }: Way = {}): Ended {
  const before = preload === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...before, program, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...ENVIRONMENT, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout, stderr };
}

const members = ['jm', 'tm1', 'tm2'].map((member) => `--conf=${member}=captures/1.20.3-w-off.conf/${member}`);
const analysis = ['analyze', 'captures/1.20.3-w-off.pcap.gz', ...members, '--now=2026-11-22T18:00:00Z'];

t.test('the bundle that is there is the one that the sources give', async (t) => {
  const there = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
  t.strictSame(there.sort(), [...again.files.keys()].sort());
  for (const [name, contents] of again.files) {
    t.ok(readFileSync(path.join(folder, name)).equals(contents), name);
  }
});

t.test('the bundle answers as the modules do', async (t) => {
  const asked = [
    ['--version'],
    ['--help'],
    ['audit', '--help'],
    ['list', 'rules'],
    ['list', 'policies'],
    ['list', 'formats', '--schema'],
    ['explain', 'plaintext-channel'],
    ['explain', 'blob-server'],
    ['explain', 'pci'],
    ['completion', 'bash'],
    ['completion', 'zsh'],
    ['config', 'show', ...members],
    ['audit', '--conf=captures/1.20.3-w-off.conf/jm', '--now=2026-11-22T18:00:00Z'],
    ['verify', '--dry-run', 'blob-server=127.0.0.1:6124', ...members],
    analysis,
    ['analyze', 'captures/1.20.3-w-off.pcap.gz', '--host=nowhere'],
    ['analyze', 'captures/1.20.3-w-off.pcap.gz', '--port', 'x'],
    ['analyze'],
    ['analyze', '--no-such-option', 'x'],
    ['list', 'nothing'],
    ['nothing'],
    [],
  ];
  for (const args of asked) {
    const env = { COLUMNS: '100', LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' };
    t.strictSame(run(args, { env }), run(args, { env, program: MAIN }), args.join(' ') || 'no argument');
  }
});

t.test('the same report, byte for byte, but for the times of the run', async (t) => {
  const withoutTimes = ({ status, stdout, stderr }: Ended): Ended => ({
    status,
    stdout: stdout.replaceAll(/"(startedAt|finishedAt)": "[^"]+"/g, '"$1"'),
    stderr,
  });
  const [ours, theirs] = [bundled, MAIN].map((program) =>
    withoutTimes(run([...analysis, '--format=json', '--cross-check'], { program })),
  ) as [Ended, Ended];
  t.ok(ours.stdout.length > 20_000 && ours.status === 1);
  t.strictSame(ours, theirs);
});

t.test('every rule, every channel and every policy that has a file is in it', async (t) => {
  const ids = (what: string): string[] => [...run(['list', what]).stdout.matchAll(/^\S+/gm)].map(([id]) => id);
  const files = (of: string): string[] =>
    names(of).flatMap((name) => (name.endsWith('.ts') ? [name.slice(0, -'.ts'.length)] : []));
  t.strictSame(ids('rules'), files('src/rules'));
  t.strictSame(ids('channels'), files('probes'));
  t.strictSame(ids('policies'), files('src/policies'));
});

/** Paths of files that a run loaded, as Node's own account of coverage names them. */
function loadedBy(args: readonly string[]): string[] {
  const coverage = mkdtempSync(path.join(temporary, 'coverage-'));
  run(args, { env: { NODE_V8_COVERAGE: coverage } });
  return readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(path.join(coverage, name), 'utf8')) as { result: { url: string }[] };
    return result.flatMap(({ url }) => (url.startsWith('file:') ? [fileURLToPath(url)] : []));
  });
}

/** The source files, ours and of packages, that a run loaded. */
function sourcesOf(args: readonly string[]): string[] {
  const outputs = new Map(Object.entries(again.metafile.outputs).map(([name, out]) => [path.resolve(root, name), out]));
  return loadedBy(args).flatMap((file) => Object.keys(outputs.get(file)?.inputs ?? { [file]: true }));
}

const FOR_NETWORK_AND_KEYS =
  /\bsrc\/(?:net\/|keystore\/|policies\/|cli\/policy-(?:file|schema)|observe\/active\/(?!types\.ts))|\bnode_modules\/(?:undici|node-forge|jks-js|zod|yaml)\//;

t.test(
  'analyze loads nothing that opens connections or key stores, and no package that it has no use for',
  async (t) => {
    const sources = sourcesOf(['analyze', 'captures/1.20.3-w-off.pcap.gz']);
    for (const needed of ['src/cli/analysis.ts', 'src/capture/pcap.ts', 'src/evaluate/engine.ts'])
      t.ok(
        sources.some((one) => one.endsWith(needed)),
        needed,
      );
    t.strictSame(
      sources.filter((one) => FOR_NETWORK_AND_KEYS.test(one.split(path.sep).join('/'))),
      [],
    );
  },
);

t.test('the version loads nothing but the file that tells it, help no rule and no capture', async (t) => {
  const ours = (args: readonly string[]): string[] =>
    sourcesOf(args).flatMap((one) => /\b(?:src|probes)\/[\w/.-]+$/.exec(one)?.[0] ?? []);
  t.strictSame(ours(['--version']).sort(), ['src/cli/failure.ts', 'src/cli/main.ts', 'src/cli/version.ts']);
  t.strictSame(
    ours(['--help']).filter((one) => /^(?:probes|src\/(?:rules|capture\/file|net|keystore))/.test(one)),
    [],
  );
});

t.test('what is built in is there with its licence, what is left out is a dependency', async (t) => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const imported = Object.values(again.metafile.outputs).flatMap(({ imports }) => imports);
  const outside = new Set(imported.flatMap((one) => (one.external && !one.path.startsWith('node:') ? [one.path] : [])));
  const builtins = new Set(['assert', 'fs', 'path', 'url', 'util']);
  for (const name of outside) t.ok(name in dependencies || builtins.has(name), name);
  const text = readFileSync(path.join(folder, 'THIRD-PARTY.txt'), 'utf8');
  for (const name of ['yargs', 'yargs-parser', 'string-width', 'cliui', 'y18n', 'fzstd'].filter(
    (one) => !outside.has(one),
  ))
    t.match(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((?:MIT|ISC)\\)$`, 'm'), name);
  t.match(text, 'Copyright 2010 James Halliday', 'yargs');
  t.match(text, 'Permission is hereby granted');
});

t.test('a package without a licence that may be kept is not built in', async (t) => {
  const made = path.join(temporary, 'node_modules/odd');
  mkdirSync(made, { recursive: true });
  const built = { inputs: {}, outputs: { 'x.js': { inputs: { 'node_modules/odd/index.js': { bytesInOutput: 1 } } } } };
  const described = (license: string): void =>
    writeFileSync(path.join(made, 'package.json'), JSON.stringify({ name: 'odd', version: '1.0.0', license }));
  const metafile = built as unknown as Parameters<typeof notices>[1];
  described('MIT');
  t.throws(() => notices(temporary, metafile), { message: /odd 1\.0\.0: cannot be built in: .*without its text/ });
  writeFileSync(path.join(made, 'LICENSE'), 'the text');
  t.match(notices(temporary, metafile), 'odd 1.0.0 (MIT)\n\nthe text\n');
  described('GPL-3.0');
  t.throws(() => notices(temporary, metafile), { message: /odd 1\.0\.0: cannot be built in: licence GPL-3\.0/ });
});

t.test('a defect is told with the places of the sources', async (t) => {
  const preload = "Date.prototype.toISOString = () => { throw new TypeError('no calendar'); };";
  const { status, stdout, stderr } = run(['analyze', 'captures/1.20.3-w-off.pcap.gz'], { preload });
  t.equal(status, 4);
  t.equal(stdout, '');
  t.match(stderr, /^flinkprobe: a defect, please report it: TypeError: no calendar\n/);
  const line =
    read('src/cli/analysis.ts')
      .split('\n')
      .findIndex((one) => one.includes('.toISOString()')) + 1;
  // Whole paths where the environment switches Node's own source maps on.
  t.match(stderr, new RegExp(`at analyse \\((?:.*/)?src/cli/analysis\\.ts:${line}:\\d+\\)`));
  t.notMatch(stderr, /dist|bundle/);
});

/** A copy of the sources, to be changed. */
function copied(name: string): string {
  const copy = path.join(temporary, name);
  for (const part of ['src', 'probes', 'package.json', 'tsconfig.json'])
    cpSync(path.join(root, part), path.join(copy, part), { recursive: true, dereference: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'), 'junction');
  return copy;
}

const copy = copied('copy');

t.test('a rule that is dropped in is in the next bundle; where it throws, the run ends with 4', async (t) => {
  writeFileSync(
    path.join(copy, 'src/rules/a-rule-that-throws.ts'),
    `import type { Rule } from '../model/rule.ts';
export const rule: Rule = {
  id: 'a-rule-that-throws', scope: 'cluster', severity: 'low', title: '', rationale: '', references: [],
  decides: '', verdicts: { pass: '' },
  remediation: { text: '', settings: {}, command: null },
  appliesTo: () => true,
  evaluate: () => { throw new Error('as it was told to'); },
};`,
  );
  t.teardown(() => rmSync(path.join(copy, 'src/rules/a-rule-that-throws.ts')));
  const target = path.join(copy, 'dist/bundle');
  write(await bundle(copy, target), target);
  const program = path.join(target, 'cli/main.js');
  t.match(run(['list', 'rules'], { program }).stdout, /^a-rule-that-throws /m);
  // Of a cluster in order: without the rule it ends with 0.
  const args = ['analyze', 'captures/1.20.3-all.pcap.gz', '--now=2026-11-22T18:00:00Z', '--format=json'];
  t.equal(run(args).status, 0);
  const { status, stdout } = run(args, { program });
  t.equal(status, 4);
  const { findings } = JSON.parse(stdout) as { findings: { ruleId: string; verdict: string; message: string }[] };
  const finding = findings.find(({ ruleId }) => ruleId === 'a-rule-that-throws');
  t.match(finding, { verdict: 'error', message: /as it was told to/ });
});

t.test('the bundle holds the thread that analyses captures for the daemon', async (t) => {
  const capture = path.join(root, 'captures/1.20.3-int-dataoff.pcap.gz');
  const written = { version: 1 as const, clusters: [{ name: 'recorded', captures: [capture] }] };
  const settings = settingsOf(written, { folder: root, stateFolder: root }).clusters[0]!;
  const program = pathToFileURL(path.join(folder, 'cli/capture-worker.js'));
  const means = { signal: new AbortController().signal, tell: () => undefined, program };
  const report = await analyseInThread({ settings, trigger: 'capture', waivers: [] }, means);
  t.equal(report.complete, true);
  t.ok(report.findings.some(({ channel, verdict }) => channel === 'taskmanager-data' && verdict === 'fail'));
});

t.test('what an earlier build left is removed', async (t) => {
  const target = path.join(temporary, 'target');
  mkdirSync(path.join(target, 'cli'), { recursive: true });
  writeFileSync(path.join(target, 'cli/chunk-OLD.js'), '');
  write({ ...again, files: new Map([['cli/main.js', new Uint8Array([1])]]) }, target);
  t.strictSame(readdirSync(path.join(target, 'cli')), ['main.js']);
});

t.test('a file without its unit, and a program that lists no units, are not built', async (t) => {
  const odd = path.join(copy, 'probes/odd.ts');
  writeFileSync(odd, 'export const rule = 1;\n');
  await t.rejects(bundle(copy, path.join(copy, 'dist')), {
    message: /No matching export in "probes\/odd.ts" for import "probe"/,
  });
  rmSync(odd);
  writeFileSync(path.join(copy, 'src/cli/program.ts'), 'export const run = () => {};\n');
  for (const name of ['start', 'demonstration', 'capture-worker', 'folder-worker'])
    writeFileSync(path.join(copy, `src/cli/${name}.ts`), '');
  await t.rejects(bundle(copy, path.join(copy, 'dist')), { message: /does not load src\/evaluate\/directory\.ts/ });
});

t.test('the bundle runs where the package lies, whatever the folder is called', async (t) => {
  const place = path.join(temporary, 'a place (with) ü %20 spaces');
  mkdirSync(place);
  cpSync(folder, path.join(place, 'dist/bundle'), { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(place, 'package.json'));
  const program = path.join(place, 'dist/bundle/cli/main.js');
  t.equal(run(['--version'], { program }).stdout, run(['--version']).stdout);
  t.equal(run(['list', 'rules'], { program }).status, 0);
  const preload = "Date.prototype.toISOString = () => { throw new TypeError('no calendar'); };";
  const { stderr } = run(['analyze', 'captures/1.20.3-w-off.pcap.gz'], { program, preload });
  t.match(stderr, /src\/cli\/analysis\.ts:\d+:\d+/);
  t.notMatch(stderr, pathToFileURL(program).href);
});
