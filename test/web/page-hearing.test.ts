import type { WebSocketRoute } from 'playwright-core';
import t from 'tap';
import { AFTER, CLEAR } from './served.ts';
import { Bench, HOME, LIVE, skip } from './tab.ts';

/** The page in a real browser, and a daemon that answers late, no, or not. */
const bench = new Bench(t);

t.test('a cluster that cannot be loaded is said to be loading, and is there when it can be', { skip }, async (t) => {
  const { tab } = await bench.opened(t);
  const isModel = /as=json/;
  await tab.route(isModel, (route) => route.abort());
  await tab.locator('#cluster').selectOption(CLEAR);
  await tab.locator('.lead', { hasText: 'cannot be loaded, trying again' }).waitFor();
  t.equal(await tab.locator('h1').textContent(), CLEAR);
  t.equal(await tab.locator('[data-finding]').count(), 0, 'nothing of the other one');
  t.equal(await tab.locator('#cluster').inputValue(), CLEAR);
  await tab.unroute(isModel);
  await tab.locator('h1', { hasText: '9 critical' }).waitFor();
});

t.test('a daemon that hangs is told from one that has nothing to say', { skip }, async (t) => {
  const { tab } = await bench.opened(t, HOME, {}, (tab) => tab.clock.install());
  let asked = 0;
  tab.on('response', (answer) => {
    if (answer.url().endsWith('/api/v1/status') && answer.ok()) asked += 1;
  });
  const isLive = async (): Promise<boolean> => (await tab.locator(...LIVE).count()) > 0;
  for (let seconds = 0; seconds < 600 && (asked === 0 || !(await isLive())); seconds += 5) {
    await tab.clock.runFor(5_000);
  }
  t.ok(await isLive());
  t.ok(asked > 0, 'it was asked, and answered');
  // Neither a word on the socket nor an answer: as after SIGSTOP.
  await tab.route('**/api/v1/status', () => undefined);
  for (let seconds = 0; seconds < 120 && (await tab.locator('.live.lost').count()) === 0; seconds += 5) {
    await tab.clock.runFor(5_000);
  }
  t.match(await tab.locator('.live').textContent(), 'not live');
  t.match(await tab.locator('h1').textContent(), /as of \d\d:\d\d UTC/);
  t.match(await tab.locator('.troubles').textContent(), 'The daemon does not answer');
  t.match(await tab.title(), /^Not live: /);
  const dot = 'getComputedStyle(document.querySelector(".live i")).backgroundColor';
  t.equal(await tab.evaluate(dot), 'rgba(0, 0, 0, 0)', 'no green dot');
});

t.test('a run that is refused is said where everybody sees it', { skip }, async (t) => {
  const { tab } = await bench.opened(t);
  const answer = { status: 409, contentType: 'application/json', body: '{"error":"the daemon stops"}' };
  await tab.route('**/api/v1/runs', (route) => route.fulfill(answer));
  await tab.locator('[data-run]').click();
  await tab.locator('.troubles', { hasText: `The run of ${AFTER} could not be started: the daemon stops` }).waitFor();
});

t.test('the texts of a finding come when it is looked at', { skip }, async (t) => {
  const { tab } = await bench.opened(t);
  const model = await tab.evaluate<string>('document.querySelector("#model").textContent');
  const findings = (JSON.parse(model) as { findings: { texts?: string }[] }).findings;
  t.equal(findings.filter(({ texts }) => texts === undefined).length, 1, 'those of the finding that is shown only');
  const other = tab.locator('[data-finding]', { hasText: 'tm2' }).last();
  await other.focus();
  await tab.keyboard.press('Enter');
  await tab.locator('#detail .versus').waitFor();
  t.match(await tab.locator('#detail .place').textContent(), 'tm2');
  t.equal(await tab.evaluate('document.activeElement.id'), 'detail', 'who came by keys goes on reading there');
});

t.test('a page that was cut off goes on where it was', { skip }, async (t) => {
  const { tab } = await bench.opened(t, HOME, {}, async (tab) => {
    await tab.routeWebSocket(/\/api\/v1\/live/, (socket) => {
      sockets.push(socket);
      socket.connectToServer();
    });
  });
  t.equal(sockets.length, 1);
  await sockets[0]!.close();
  const happening = { cluster: AFTER, kind: 'restart', at: new Date().toISOString(), text: 'told while away' } as const;
  bench.page.daemon.live.publish('happening', happening);
  await tab.locator('.live.lost').waitFor();
  await tab.locator('.happenings', { hasText: 'told while away' }).waitFor();
  await tab.locator(...LIVE).waitFor();
  const since = sockets.map((socket) => Number(new URL(socket.url()).searchParams.get('since')));
  t.equal(since.length, 2);
  t.equal(since[1], bench.page.daemon.live.newest - 1, 'only what was missed was asked for');
});
const sockets: WebSocketRoute[] = [];
