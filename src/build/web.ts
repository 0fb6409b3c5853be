import path from 'node:path';
import { build, type Metafile } from 'esbuild';

export interface WebFiles {
  readonly metafile: Metafile;
  /** By name, which holds a hash of what is in it: `main-4FZQ7XYP.js`, `page-….css`, and what `main` loads later. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The page's script and style, with the packages that they are made with; nothing is loaded from elsewhere. */
export async function bundleWeb(root: string): Promise<WebFiles> {
  const folder = path.join(root, 'web');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/web/browser/main.ts', page: 'src/web/browser/page.css' },
    outdir: folder,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['es2022', 'chrome105', 'firefox104', 'safari16'],
    tsconfig: path.join(root, 'src/web/browser/tsconfig.json'),
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const files = outputFiles.map((file) => [path.basename(file.path), packed(file.path, file.contents)] as const);
  return { metafile, files: new Map(files) };
}

/** What is minified has indents in templates only, where one line end says as much. */
function packed(file: string, contents: Uint8Array): Uint8Array {
  if (!file.endsWith('.js')) return contents;
  return new TextEncoder().encode(new TextDecoder().decode(contents).replace(/\n +/g, '\n'));
}
