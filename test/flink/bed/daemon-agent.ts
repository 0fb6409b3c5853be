// Looks at a daemon from where it runs: started beside it, with `{base, alertmanager, cluster, browser}` as argument; each
// change of what a place tells is one JSON line.
import { argv, stdin, stdout } from 'node:process';
import { WebSocket } from 'ws';
import { pause } from './command.ts';
import {
  alertsTold,
  eventTold,
  metricsTold,
  type Place,
  pageDetail,
  pageFindings,
  type Sighting,
  type Told,
} from './daemon-places.ts';

export interface AgentTask {
  /** Of the daemon, `http://127.0.0.1:PORT`. */
  readonly base: string;
  readonly alertmanager?: string;
  readonly cluster: string;
  /** Program of a browser; absent: no live page. */
  readonly browser?: string;
}

/** Between two looks. The page and the metrics are made anew for each. */
const EVERY_MS = 250;

const task = JSON.parse(argv[2]!) as AgentTask;
const last = new Map<Place, string>();

function tell(place: Place, open: readonly Told[]): void {
  const text = JSON.stringify(open);
  if (last.get(place) === text) return;
  last.set(place, text);
  const sighting: Sighting = { place, at: Date.now(), open };
  stdout.write(`${JSON.stringify(sighting)}\n`);
}

async function textOf(url: string): Promise<string> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.text();
}

/** A place that does not answer tells nothing new. */
async function watch(place: Place, look: () => Promise<readonly Told[]>): Promise<never> {
  for (;;) {
    try {
      tell(place, await look());
    } catch {
      // Not up yet, or going down.
    }
    await pause(EVERY_MS);
  }
}

const page = `${task.base}/?cluster=${task.cluster}`;
const details = new Map<string, Told>();

/** What is listed, with the detail of each finding, which is asked for once. */
async function whole(listed: readonly string[]): Promise<readonly Told[]> {
  const told: Told[] = [];
  for (const fingerprint of listed) {
    const known = details.get(fingerprint) ?? pageDetail(await textOf(`${page}&finding=${fingerprint}`));
    details.set(fingerprint, known);
    told.push(known);
  }
  return told;
}

function listen(): void {
  const open = new Map<string, Told>();
  const socket = new WebSocket(`${task.base.replace(/^http/, 'ws')}/api/v1/live?since=0`);
  socket.on('message', (data) => {
    eventTold(open, JSON.parse(String(data)) as Parameters<typeof eventTold>[1]);
    tell('websocket', [...open.values()]);
  });
  socket.on('error', () => undefined);
}

async function browse(executablePath: string): Promise<void> {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const tab = await browser.newPage();
  await tab.goto(page);
  await watch('live-page', async () => whole(pageFindings(await tab.content())));
}

listen();
void watch('page', async () => whole(pageFindings(await textOf(page))));
void watch('metrics', async () => metricsTold(await textOf(`${task.base}/metrics`)));
if (task.alertmanager !== undefined) {
  const alerts = `${task.alertmanager}/api/v2/alerts?active=true&silenced=false`;
  void watch('alertmanager', async () => alertsTold(JSON.parse(await textOf(alerts))));
}
if (task.browser !== undefined)
  browse(task.browser).catch((error: Error) => process.stderr.write(`${error.message}\n`));
// Lives as long as whoever started it: a browser that was started ends with it.
stdin.on('end', () => process.exit(0)).resume();
