import { html, render, svg } from 'lit/html.js';
import type { LiveEvent } from '../../daemon/live-events.ts';
import type { FindingRecord } from '../../daemon/types.ts';
import { shownOf } from '../findings-list.ts';
import { headlineOf, worstFirst } from '../headline.ts';
import type { PageModel } from '../model.ts';
import { patched } from '../patch.ts';
import { pageAddress, parseQuery, placed } from '../query.ts';
import type { Tags } from '../template.ts';
import { troublesOf } from '../troubles.ts';
import { pageView, type View } from '../view-page.ts';
import { answerOf } from './answer.ts';
import { listen } from './gestures.ts';
import { LiveSocket } from './live.ts';
import { ModelLoader } from './loader.ts';

/** The page goes on here from what the server drew: live events, filters without a reload, keys, the chart. */

const TAGS = { html, svg } as unknown as Tags;
const place = document.querySelector<HTMLElement>('#page')!;
const news = document.querySelector<HTMLElement>('#news')!;

let model = JSON.parse(document.querySelector('#model')!.textContent ?? '') as PageModel;
/** How much the server's clock is ahead of this one. */
let ahead = Date.parse(model.status.now) - Date.now();
let query = queryOf(location.search);
let live: View['live'] = 'connecting';
let heardAt = model.status.now;
/** The cluster that was asked for, until its model is here. */
let awaited: View['awaited'];
/** What the last thing that somebody did came to, where it did not work. */
let refusal: string | undefined;
let isDrawn = false;
let isDue = false;

function queryOf(search: string): View['query'] {
  const written = parseQuery(new URLSearchParams(search));
  return placed(written, model.cluster?.cluster, model.status.clusters.length);
}

function serverTime(): string {
  return new Date(Date.now() + ahead).toISOString();
}

function viewNow(): View {
  const { cluster: _, ...without } = model;
  return {
    ...TAGS,
    // Nothing of one cluster is shown under the name of another.
    model: awaited === undefined ? withDetail(model) : without,
    query,
    now: serverTime(),
    live,
    ...(live === 'lost' ? { heardAt } : {}),
    ...(awaited === undefined ? {} : { awaited }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

/** Texts of findings that the model left out, and came since. */
const details = new Map<string, FindingRecord>();
let detailAsked = '';

/** The finding that is shown, with its texts: from those that came, else asked for. */
function withDetail(model: PageModel): PageModel {
  const record = shownOf(model.findings, query);
  if (record?.texts !== 'elsewhere') return model;
  const key = `${record.finding.fingerprint} ${record.lastRun}`;
  const whole = details.get(key);
  if (whole === undefined) {
    if (detailAsked !== key) void askDetail(key, record);
    return model;
  }
  return { ...model, findings: model.findings.map((one) => (one === record ? whole : one)) };
}

async function askDetail(key: string, { cluster, finding: { fingerprint } }: FindingRecord): Promise<void> {
  detailAsked = key;
  const parameters = new URLSearchParams({ as: 'finding', cluster, finding: fingerprint });
  const whole = await answerOf<FindingRecord>(`/?${parameters}`);
  if (whole === undefined) {
    // Tried again when the page is drawn next, which is in ten seconds at the latest.
    detailAsked = '';
    return;
  }
  if (details.size >= KEPT_DETAILS) details.clear();
  details.set(key, whole);
  drawSoon();
}
const KEPT_DETAILS = 100;

function draw(): void {
  isDue = false;
  if (!isDrawn) place.replaceChildren();
  isDrawn = true;
  const view = viewNow();
  render(pageView(view), place);
  // What was chosen by hand is no longer what the attribute says.
  for (const option of place.querySelectorAll('option')) option.selected = option.hasAttribute('selected');
  const { headline } = headlineOf(view.model, troublesOf(view));
  const cluster = view.model.cluster?.cluster;
  document.title = `${live === 'lost' ? 'Not live: ' : ''}${cluster === undefined ? '' : `${cluster}: `}${headline} · flinkprobe`;
}

/** Events of one frame are drawn together; in a hidden page none are, until it is looked at. */
function drawSoon(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(draw);
}

const loader = new ModelLoader({
  address: () => {
    const cluster = awaited?.cluster ?? query.cluster ?? model.cluster?.cluster;
    const address = pageAddress({ ...query, ...(cluster === undefined ? {} : { cluster }) });
    return `${address}${address === '/' ? '?' : '&'}as=json`;
  },
  loaded: (next) => {
    ahead = Date.parse(next.status.now) - Date.now();
    model = next;
    awaited = undefined;
    // What came while it was on its way.
    for (const event of recent) if (event.seq > next.seq) model = patched(model, event).model;
    drawSoon();
  },
  failed: () => {
    if (awaited !== undefined) awaited = { ...awaited, state: 'failing' };
    drawSoon();
  },
});

/** A run tells several things at once, and many pages are told of it: they do not all ask in the same moment. */
const SETTLE_MS = 250;
const KEPT_EVENTS = 200;
const recent: LiveEvent[] = [];

function happened(event: LiveEvent): void {
  heardAt = serverTime();
  if (event.event !== 'hello') {
    recent.push(event);
    if (recent.length > KEPT_EVENTS) recent.shift();
  }
  const result = patched(model, event);
  model = result.model;
  if (result.stale === 'all') loader.soon(SETTLE_MS * (1 + Math.random()));
  if (result.news !== undefined) news.textContent = result.news;
  drawSoon();
}

const socket = new LiveSocket({
  since: () => model.seq,
  happened,
  status: (status) => {
    heardAt = serverTime();
    model = patched(model, { seq: model.seq, at: status.now, event: 'status', data: status }).model;
    drawSoon();
  },
  changed: (state) => {
    if (state === live) return;
    live = state;
    drawSoon();
  },
});

/** Goes to another address of the page, without loading it. */
function go(address: string, how: 'push' | 'back'): void {
  if (how === 'push') history.pushState(null, '', address);
  const written = parseQuery(new URLSearchParams(location.search));
  const wanted = written.cluster ?? worstFirst(model.status.clusters)[0]?.cluster;
  refusal = undefined;
  query = placed(written, wanted, model.status.clusters.length);
  const isOther = wanted !== model.cluster?.cluster;
  awaited = isOther && wanted !== undefined ? { cluster: wanted, state: 'loading' } : undefined;
  draw();
  if (isOther) void loader.load();
}

listen(place, {
  go: (address) => go(address, 'push'),
  query: () => query,
  run: async (cluster) => {
    const answer = await fetch('/api/v1/runs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cluster }),
    }).catch(() => undefined);
    const why = answer === undefined || answer.ok ? 'the daemon does not answer' : await errorOf(answer);
    refusal = answer?.ok === true ? undefined : `The run of ${cluster} could not be started: ${why}`;
    news.textContent = refusal ?? `A run of ${cluster} begins.`;
    if (answer?.status === 403) model = { ...model, operator: false };
    drawSoon();
  },
  tell: (text) => {
    news.textContent = text;
  },
});

async function errorOf(answer: Response): Promise<string> {
  try {
    return ((await answer.json()) as { readonly error: string }).error;
  } catch {
    return `HTTP ${answer.status}`;
  }
}

addEventListener('popstate', () => go(location.href, 'back'));

document.documentElement.classList.add('script');
draw();
socket.open();
/** Times that are told as a distance. */
setInterval(drawSoon, 10_000);
