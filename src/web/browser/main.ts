import { html, render, svg } from 'lit/html.js';
import type { LiveEvent } from '../../daemon/types.ts';
import type { PageModel } from '../model.ts';
import { patched } from '../patch.ts';
import { parseQuery } from '../query.ts';
import type { Tags } from '../template.ts';
import { headlineOf, pageView, type View } from '../view-page.ts';
import { listen } from './gestures.ts';
import { LiveSocket } from './live.ts';

/** The page goes on here from what the server drew: live events, filters without a reload, keys, the chart. */

const TAGS = { html, svg } as unknown as Tags;
const place = document.querySelector<HTMLElement>('#page')!;
const news = document.querySelector<HTMLElement>('#news')!;

let model = JSON.parse(document.querySelector('#model')!.textContent ?? '') as PageModel;
/** How much the server's clock is ahead of this one. */
let ahead = Date.parse(model.status.now) - Date.now();
let query = parseQuery(new URLSearchParams(location.search));
let live: View['live'] = 'connecting';
let isDrawn = false;
let isDue = false;
let chart: typeof import('./chart.ts') | undefined;

function draw(): void {
  isDue = false;
  const now = new Date(Date.now() + ahead).toISOString();
  if (!isDrawn) place.replaceChildren();
  isDrawn = true;
  render(pageView({ ...TAGS, model, query, now, live }), place);
  // What was chosen by hand is no longer what the attribute says.
  for (const option of place.querySelectorAll('option')) option.selected = option.hasAttribute('selected');
  const { headline } = headlineOf(model);
  document.title = model.cluster === undefined ? 'flinkprobe' : `${model.cluster.cluster}: ${headline} · flinkprobe`;
  chart?.drawChart(place.querySelector<HTMLElement>('#chart'), model);
}

/** Events of one frame are drawn together; in a hidden page none are, until it is looked at. */
function drawSoon(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(draw);
}

/** Everything anew: after a run, after events that were missed, and for another cluster. */
let asked = 0;
async function fetchModel(): Promise<void> {
  const mine = ++asked;
  const parameters = new URLSearchParams({ as: 'json' });
  if (query.cluster !== undefined) parameters.set('cluster', query.cluster);
  const answer = await fetch(`/?${parameters}`).catch(() => undefined);
  if (answer === undefined || !answer.ok || mine !== asked) return;
  const next = (await answer.json()) as PageModel;
  if (mine !== asked) return;
  const isSame = next.cluster?.cluster === model.cluster?.cluster;
  ahead = Date.parse(next.status.now) - Date.now();
  model = { ...next, clear: isSame ? model.clear : [] };
  // What came while it was on its way.
  for (const event of recent) if (event.seq > next.seq) model = patched(model, event).model;
  drawSoon();
}

let fetching: ReturnType<typeof setTimeout> | undefined;
function fetchSoon(ms: number): void {
  clearTimeout(fetching);
  fetching = setTimeout(() => void fetchModel(), ms);
}

/** A run tells several things at once, and many pages are told of it: they do not all ask in the same moment. */
const SETTLE_MS = 250;
const KEPT_EVENTS = 200;
const recent: LiveEvent[] = [];

function happened(event: LiveEvent): void {
  if (event.event !== 'hello') {
    recent.push(event);
    if (recent.length > KEPT_EVENTS) recent.shift();
  }
  const result = patched(model, event);
  model = result.model;
  if (result.stale === 'all') fetchSoon(SETTLE_MS * (1 + Math.random()));
  if (result.news !== undefined) news.textContent = result.news;
  drawSoon();
}

const socket = new LiveSocket({
  since: () => model.seq,
  happened,
  changed: (state) => {
    live = state;
    drawSoon();
  },
});

/** Goes to another address of the page, without loading it. */
function go(address: string, how: 'push' | 'back'): void {
  if (how === 'push') history.pushState(null, '', address);
  const next = parseQuery(new URLSearchParams(location.search));
  const isOther = (next.cluster ?? model.status.clusters[0]?.cluster) !== model.cluster?.cluster;
  query = next;
  draw();
  if (isOther) void fetchModel();
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
    const why = answer?.status === 409 ? `: ${((await answer.json()) as { readonly error: string }).error}` : '';
    news.textContent =
      answer?.ok === true ? `A run of ${cluster} begins.` : `The run of ${cluster} could not be started${why}.`;
    if (answer?.status === 403) model = { ...model, operator: false };
    drawSoon();
  },
  tell: (text) => {
    news.textContent = text;
  },
});
addEventListener('popstate', () => go(location.href, 'back'));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => chart?.forget());

document.documentElement.classList.add('script');
draw();
socket.open();
/** Times that are told as a distance. */
setInterval(drawSoon, 10_000);
// After the first paint: the chart is more than half of all that is loaded.
requestAnimationFrame(() =>
  setTimeout(() => {
    void import('./chart.ts').then((loaded) => {
      chart = loaded;
      drawSoon();
    });
  }),
);
