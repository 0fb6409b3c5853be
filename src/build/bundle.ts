import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { notices } from './notices.ts';
import { bundleWeb } from './web.ts';

/** Packages that stay packages: few commands need them, and those load them when they do. All others are built in. */
export const LEFT_OUT: readonly string[] = [
  '@hono/node-server',
  'croner',
  'hono',
  'jks-js',
  'libsql',
  'node-forge',
  'pcap-parser',
  'pino',
  'prom-client',
  'undici',
  'ws',
  'yaml',
  'zod',
];

/**
 * Programs, and those of threads: `cli/main.ts` becomes `<folder>/cli/main.js`, and so on. All that they load lies beside
 * them: as deep in the package as the modules are in `dist/src/cli/`, so that they find `package.json` and `captures/` by
 * the same paths.
 */
const PROGRAMS: readonly string[] = [
  'src/cli/main.ts',
  'src/cli/start.ts',
  'src/cli/demonstration.ts',
  'src/cli/capture-worker.ts',
  'src/cli/folder-worker.ts',
];
const SCRIPT = /[\\/]cli[\\/]main\.js$/;

export interface Bundle {
  /** Which source files and which other files each file is made of and loads; paths are relative to the root. */
  readonly metafile: Metafile;
  /** By path relative to the folder, with forward slashes; the page's below `web/`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Puts the modules of the command, with every rule and probe that has a file, into few files that load faster.
 *
 * `root` is the repository, `folder` the one that the files are meant for (nothing is written). Throws where a source
 * does not compile, a unit does not export what its folder is for, or a package that is built in has no licence.
 */
export async function bundle(root: string, folder: string): Promise<Bundle> {
  const units = registry(root);
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...PROGRAMS],
    outbase: 'src',
    outdir: folder,
    chunkNames: 'cli/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    tsconfig: path.join(root, 'tsconfig.json'),
    external: [...LEFT_OUT],
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'inline',
    plugins: [units.plugin],
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  if (!units.isUsed()) throw new Error('the program does not load src/evaluate/directory.ts, which lists its units');
  const files = outputFiles.map(
    (file) => [path.relative(folder, file.path).split(path.sep).join('/'), file.contents] as const,
  );
  const web = await bundleWeb(root);
  const page = [...web.files].map(([name, contents]) => [`web/${name}`, contents] as const);
  const outputs = { ...metafile.outputs, ...web.metafile.outputs };
  const licences = new TextEncoder().encode(notices(root, { ...metafile, outputs }));
  return { metafile, files: new Map([...files, ...page, ['THIRD-PARTY.txt', licences]]) };
}

/** Writes the files, and removes what an earlier build left there. */
export function write({ files }: Bundle, folder: string): void {
  for (const [name, contents] of files) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, contents);
    if (SCRIPT.test(file)) chmodSync(file, 0o755);
  }
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file).split(path.sep).join('/');
    if (entry.isFile() && !files.has(name)) rmSync(file);
  }
}

interface Registry {
  readonly plugin: Plugin;
  /** Whether the program asked for it. */
  isUsed(): boolean;
}

/**
 * What `src/evaluate/directory.ts` finds by listing folders while the program runs is listed here, when it is built: each
 * list is a file of its own, loaded when it is first asked for.
 */
function registry(root: string): Registry {
  let used = false;
  return {
    isUsed: () => used,
    plugin: {
      name: 'units',
      setup: (building) => {
        building.onLoad({ filter: /[\\/]src[\\/]evaluate[\\/]directory\.ts$/ }, () => {
          used = true;
          return { contents: DIRECTORY };
        });
        building.onResolve({ filter: /^units:/ }, (asked) => ({ path: asked.path.slice(6), namespace: 'units' }));
        building.onLoad({ filter: /^rules$/, namespace: 'units' }, () => unitsOf(path.join(root, 'src/rules'), 'rule'));
        building.onLoad({ filter: /^policies$/, namespace: 'units' }, () =>
          unitsOf(path.join(root, 'src/policies'), 'policy'),
        );
        building.onLoad({ filter: /^probes$/, namespace: 'units' }, () => unitsOf(path.join(root, 'probes'), 'probe'));
      },
    },
  };
}

const DIRECTORY = `
export const loadRules = async () => [...(await import('units:rules')).units];
export const loadProbes = async () => [...(await import('units:probes')).units];
export const loadPolicies = async () => [...(await import('units:policies')).units];
`;

/** A module that imports the unit of every file of a folder, in the order of their names. */
function unitsOf(folder: string, exported: 'rule' | 'probe' | 'policy'): { contents: string; resolveDir: string } {
  const names = unitFiles(folder);
  const imports = names.map((name, index) => `import { ${exported} as unit${index} } from './${name}';\n`);
  const units = names.map((_, index) => `unit${index}`);
  return { contents: `${imports.join('')}export const units = [${units.join(', ')}];\n`, resolveDir: folder };
}

/** Files of a folder that hold a unit each, sorted: those of `src/evaluate/directory.ts`, before they are compiled. */
export function unitFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^[^.].*(?<!\.d)\.ts$/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}
