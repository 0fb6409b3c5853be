import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

/** What each folder may import, besides itself. Types of a folder may be named where its values may not (`types`). */
interface Allowance {
  readonly values: readonly string[];
  readonly types?: readonly string[];
  readonly packages?: readonly string[];
}

const LAYERS: Readonly<Record<string, Allowance>> = {
  'src/bytes': { values: [] },
  'src/tls': { values: ['src/bytes'], packages: ['node:crypto'] },
  'src/x509': { values: ['src/bytes'], types: ['src/model'], packages: ['node:crypto'] },
  'src/protocols': { values: ['src/bytes'], types: ['src/model'], packages: ['node:zlib'] },
  'src/capture': {
    values: ['src/bytes'],
    types: ['src/model'],
    packages: ['node:fs', 'node:zlib', 'node:timers/promises', 'node:stream', 'node:events', 'fzstd', 'pcap-parser'],
  },
  'src/model': { values: [], types: ['src/bytes', 'src/tls', 'src/x509'] },
  'src/flink': { values: ['src/bytes'], types: ['src/model'], packages: ['yaml'] },
  probes: { values: ['src/bytes', 'src/protocols', 'src/flink', 'src/tls'], types: ['src/model'] },
  'src/rules': { values: ['src/bytes', 'src/tls', 'src/x509'], types: ['src/model'] },
  'src/policies': { values: [], types: ['src/model'] },
  'src/net': {
    values: ['src/bytes', 'src/tls'],
    types: ['src/model'],
    packages: [
      'node:net',
      'node:dns',
      'node:crypto',
      'node:util',
      'node:tls',
      'node:os',
      'zod',
      // live-capture*.ts runs dumpcap or tcpdump.
      'node:child_process',
      'node:fs',
      'node:path',
    ],
  },
  'src/logs': { values: ['src/bytes', 'src/flink', 'src/protocols'], types: ['src/model'] },
  'src/keystore': {
    values: ['src/bytes', 'src/x509'],
    types: ['src/model'],
    packages: ['node:crypto', 'node-forge', 'jks-js'],
  },
  'src/observe': {
    values: [
      'src/bytes',
      'src/capture',
      'src/net',
      'src/tls',
      'src/x509',
      'src/keystore',
      'src/protocols',
      'src/flink',
      'src/logs',
    ],
    types: ['src/model'],
    packages: ['node:fs', 'node:path', 'node:crypto', 'node:net', 'node:timers/promises'],
  },
  'src/evaluate': {
    values: ['src/bytes'],
    types: ['src/model'],
    packages: ['node:crypto', 'node:fs', 'node:path', 'node:url'],
  },
  'src/report': {
    values: ['src/bytes', 'src/web'],
    types: ['src/model'],
    packages: ['node:util', 'node:crypto', 'zod'],
  },
  'src/daemon': {
    values: ['src/observe', 'src/evaluate', 'src/flink', 'src/report', 'src/model', 'src/net', 'src/bytes', 'src/x509'],
    packages: [
      'node:child_process',
      'node:crypto',
      'node:events',
      'node:fs',
      'node:fs/promises',
      'node:http',
      'node:https',
      'node:net',
      'node:os',
      'node:path',
      'node:perf_hooks',
      'node:readline',
      'node:stream',
      'node:timers/promises',
      'node:url',
      'node:util',
      'node:worker_threads',
      'node:zlib',
      'croner',
      'libsql',
      'pino',
      'undici',
      'yaml',
      'zod',
    ],
  },
  'src/http': {
    values: ['src/daemon', 'src/report', 'src/model', 'src/web'],
    packages: [
      'node:crypto',
      'node:dns',
      'node:dns/promises',
      'node:events',
      'node:fs',
      'node:fs/promises',
      'node:http',
      'node:https',
      'node:net',
      'node:os',
      'node:path',
      'node:perf_hooks',
      'node:stream',
      'node:timers/promises',
      'node:tls',
      'node:url',
      'node:util',
      'node:zlib',
      '@hono/node-server',
      'hono',
      'hono/body-limit',
      'hono/http-exception',
      'prom-client',
      'ws',
      'zod',
    ],
  },
  'src/web': { values: [], types: ['src/daemon', 'src/model'], packages: ['lit/html.js'] },
  'src/build': {
    values: ['src/evaluate', 'src/rules'],
    types: ['src/model'],
    packages: ['node:fs', 'node:path', 'node:url', 'esbuild'],
  },
};

/** Constants of the model (channel ids, severities) are names, not behaviour: everybody may read them. */
const NAMES = ['src/model/channel', 'src/model/report'];

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../..');

function sources(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')));
}

interface Import {
  readonly from: string;
  readonly kind: 'value' | 'type';
}

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  const found = text.matchAll(/^\s*(?:import|export)\s+(type\s+)?([^;'"]*?from\s+)?['"]([^'"]+)['"]/gm);
  return [...found].map(([, type, names, from]) => {
    const isType = type !== undefined || /^\{\s*(?:type\s+\w+(?:\s+as\s+\w+)?\s*,?\s*)+\}\s*from/.test(names ?? '');
    return { from: from!, kind: isType ? 'type' : 'value' };
  });
}

function fault(file: string, folder: string, { from, kind }: Import): string | undefined {
  const allowed = LAYERS[folder]!;
  if (!from.startsWith('.')) {
    if (kind === 'type' || allowed.packages?.includes(from)) return undefined;
    return `${file} imports ${from}`;
  }
  const target = path.posix.join(path.posix.dirname(file), from);
  if (target.startsWith(`${folder}/`)) return undefined;
  if (allowed.values.some((one) => target.startsWith(`${one}/`))) return undefined;
  if (kind === 'type' && allowed.types?.some((one) => target.startsWith(`${one}/`))) return undefined;
  if (NAMES.some((name) => target === `${name}.ts`)) return undefined;
  return `${file} imports ${target}${kind === 'type' ? ' (type)' : ''}`;
}

for (const folder of Object.keys(LAYERS)) {
  t.test(`${folder} imports only what lies below it`, (t) => {
    const files = sources(folder);
    t.ok(files.length > 0, 'the folder has sources');
    const faults = files.flatMap((file) => importsOf(file).map((one) => fault(file, folder, one))).filter(Boolean);
    t.strictSame(faults, []);
    t.end();
  });
}

t.test('a rule never imports another rule, a probe never another probe', (t) => {
  const units = [...sources('src/rules').filter((file) => file.split('/').length === 3), ...sources('probes')];
  const faults = units.flatMap((file) =>
    importsOf(file)
      .filter(({ from }) => /^\.\/[\w-]+\.ts$/.test(from))
      .map(({ from }) => `${file} imports ${from}`),
  );
  t.strictSame(faults, []);
  t.end();
});

t.test('nobody ends the process but the daemon, whose end has a limit', (t) => {
  const files = [...sources('src'), ...sources('probes')].filter((file) => file !== 'src/cli/daemon.ts');
  t.strictSame(
    files.filter((file) => /process\.exit\(/.test(readFileSync(path.join(root, file), 'utf8'))),
    [],
  );
  t.end();
});
