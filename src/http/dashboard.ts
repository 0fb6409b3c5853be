import { gzipSync } from 'node:zlib';
import type { Control } from '../daemon/control.ts';
import { headlineOf } from '../web/headline.ts';
import { escaped, htmlText, TAGS } from '../web/html-text.ts';
import { parseQuery, placed } from '../web/query.ts';
import { troublesOf } from '../web/troubles.ts';
import { pageView, type View } from '../web/view-page.ts';
import { scriptJson } from './dashboard-html.ts';
import { PageModels } from './dashboard-model.ts';
import { HttpFault } from './fault.ts';

/** Who asks, as far as the page has to know. */
export interface Viewer {
  readonly role: 'reader' | 'operator';
}

export type Dashboard = (request: Request, viewer?: Viewer) => Response | undefined;

/**
 * The page at `/` and its files below `/assets/`.
 *
 * `/?cluster=…&status=…` is the page as HTML, whole without JavaScript; `&as=json` its model, from which the browser
 * goes on, with the texts of the finding that is shown; `&as=finding&finding=…` those of another one. Undefined: there is no such file.
 *
 * @param assets files of the build by name, as `src/build/web.ts` names them: `page-HASH.css`, `main-HASH.js`, …
 */
export function createDashboard(control: Control, assets: ReadonlyMap<string, Uint8Array>): Dashboard {
  const models = new PageModels(control);
  const files = new Map([...assets].map(([name, contents]) => [name, assetOf(name, contents)] as const));
  const links: Links = { script: named(files, /^main-\w+\.js$/), style: named(files, /^page-\w+\.css$/) };
  return (request, viewer = { role: 'operator' }) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.startsWith(ASSETS)) {
      const file = files.get(pathname.slice(ASSETS.length));
      return file === undefined ? undefined : answer(request, file, FOR_EVER);
    }
    if (pathname !== '/') return undefined;
    const query = parseQuery(searchParams);
    const form = searchParams.get('as');
    if (form !== null && form !== 'json' && form !== 'finding') throw new HttpFault(400, 'as must be json or finding');
    if (form === 'finding') {
      const record = models.finding(query);
      if (record === undefined) throw new HttpFault(404, 'there is no such finding, or it is no longer kept');
      return answer(request, packed(JSON.stringify(record), JSON_TYPE), NOW);
    }
    const model = models.model(query, viewer.role);
    if (form === 'json') {
      return answer(request, packed(JSON.stringify(model), JSON_TYPE), NOW);
    }
    const shown = placed(query, model.cluster?.cluster, model.status.clusters.length);
    const view: View = { ...TAGS, model, query: shown, now: model.status.now, live: 'none' };
    return answer(request, packed(documentOf(view, links), 'text/html; charset=utf-8'), NOW);
  };
}

const JSON_TYPE = 'application/json; charset=utf-8';
const ASSETS = '/assets/';
/** Names hold a hash of what is in the file. */
const FOR_EVER = 'private, max-age=31536000, immutable';
const NOW = 'no-store';

interface Links {
  readonly script?: string | undefined;
  readonly style?: string | undefined;
}

interface Asset {
  readonly type: string;
  readonly plain: Uint8Array;
  readonly gzip?: Uint8Array;
}

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  map: 'application/json; charset=utf-8',
};

function assetOf(name: string, plain: Uint8Array): Asset {
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  return { type, plain, gzip: gzipSync(plain, { level: 9 }) };
}

/** Nothing secret stands in the page beside what its address chose, so that its length tells nothing. */
function packed(text: string, type: string): Asset {
  const plain = new TextEncoder().encode(text);
  return plain.length < 1024 ? { type, plain } : { type, plain, gzip: gzipSync(plain, { level: 4 }) };
}

function answer(request: Request, { type, plain, gzip }: Asset, cache: string): Response {
  const isGzip =
    gzip !== undefined &&
    /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(request.headers.get('accept-encoding') ?? '');
  const body = isGzip ? gzip : plain;
  const headers = {
    'content-type': type,
    'content-length': String(body.length),
    'cache-control': cache,
    vary: 'accept-encoding',
    ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
  };
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), { headers });
}

function named(files: ReadonlyMap<string, unknown>, pattern: RegExp): string | undefined {
  return [...files.keys()].find((name) => pattern.test(name));
}

/** The whole document. Its icon is a picture in the address, so that no browser asks for another one. */
function documentOf(view: View, { script, style }: Links): string {
  const { model } = view;
  const { headline } = headlineOf(model, troublesOf(view));
  const cluster = model.cluster?.cluster;
  const title = escaped(cluster === undefined ? 'flinkprobe' : `${cluster}: ${headline} · flinkprobe`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${ICON}">
${style === undefined ? '' : `<link rel="stylesheet" href="${ASSETS}${style}">`}
${script === undefined ? '' : `<script type="module" src="${ASSETS}${script}"></script>`}
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<p id="news" class="quiet" role="status" aria-live="polite"></p>
<div id="page">${htmlText(pageView(view))}</div>
<script type="application/json" id="model">${scriptJson(model)}</script>
</body>
</html>
`;
}

const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#22262b"/><path d="M3.5 8h2.3l1.5-3.5 2 7 1.5-3.5h1.7" fill="none" stroke="#e8e6e1" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"/></svg>',
)}`;
