import { rmSync } from 'node:fs';
import t from 'tap';
import { createDashboard } from '../../src/http/dashboard.ts';
import { headlineOf, worstFirst } from '../../src/web/headline.ts';
import type { PageModel } from '../../src/web/model.ts';
import { type Hearing, troublesOf } from '../../src/web/troubles.ts';
import { StandIn } from '../http/stand-in.ts';
import { AT, calmCluster, calmModel, NO_FINDINGS, pageText, plainText, record } from './models.ts';

function told(model: PageModel, more: Partial<Hearing> = {}): string {
  const { headline, tone } = headlineOf(model, troublesOf({ model, now: AT, live: 'live', ...more }));
  return `${tone}: ${headline}`;
}

t.test('all is well only where nothing makes that doubtful', async (t) => {
  t.equal(told(calmModel()), 'good: All is well');
  const wire = {
    cluster: 'a',
    interfaces: ['eth0'],
    state: 'running',
    since: AT,
    packets: 9,
    drops: 0,
    clearBytes: 0,
    tlsBytes: 1,
    connections: 1,
  } as const;
  const model = calmModel();
  const down = { name: 'ops', since: AT, waiting: 3, problem: 'HTTP 500' };
  const traffic = { connections: 1, clearBytes: 0, tlsBytes: 1, drops: 0, gaps: 0, gapBytes: 0 };
  const doubtful: readonly (readonly [PageModel, string])[] = [
    [calmModel({}, [calmCluster('a', { lateMs: 61_000 })]), 'A run is late : by 1 min'],
    [
      calmModel({}, [calmCluster('a', { wire: { ...wire, drops: 7 } })]),
      '7 packets dropped by the capture since 12:00 UTC',
    ],
    [calmModel({}, [calmCluster('a', { wire: { ...wire, state: 'failed', problem: 'no eth0' } })]), 'no eth0'],
    [
      calmModel({ traffic: { ...traffic, drops: 2, gaps: 1, gapBytes: 500 } }),
      '2 packets dropped by the capture, 1 hole',
    ],
    [
      { ...model, status: { ...model.status, lastReload: { at: AT, ok: false, problem: 'line 3: no such key' } } },
      'line 3: no such key; the old ones hold',
    ],
    [
      { ...model, status: { ...model.status, notifications: { superseded: 0, held: 0, down: [down] } } },
      'Nobody is notified by ops : HTTP 500; 3 messages waiting, since 12:00 UTC',
    ],
  ];
  for (const [one, text] of doubtful) {
    t.equal(told(one), 'unsure: Nothing found, but not all is well', text);
    t.match(plainText(pageText(one)), text);
  }
  const store = { path: 'x.db', state: 'failing', problem: 'full', bytes: 0 } as const;
  const failing = { ...model, status: { ...model.status, store } };
  t.equal(told(failing), 'unsure: Nothing found, but not all is well');
  t.match(plainText(pageText(failing)), 'The history cannot be read or kept : full');
});

t.test('a run that fails is said before anything calm, and beside what is worse', async (t) => {
  const failed = calmCluster('a', { problem: 'the policy cannot be read' });
  t.equal(told(calmModel({}, [failed])), 'bad: The last run failed');
  t.match(pageText(calmModel({}, [failed])), '<p class="lead">the policy cannot be read</p>');
  const { lastRun: _, ...never } = failed;
  t.equal(told(calmModel({}, [never])), 'bad: The last run failed', 'and none was ever made');
  const both = calmModel({ findings: [record()] }, [failed]);
  t.equal(told(both), 'bad: 1 critical problem');
  t.match(plainText(pageText(both)), 'The last run failed : the policy cannot be read');
});

t.test('a daemon that is silent is said with the time from which the page is', async (t) => {
  const lost = { live: 'lost', heardAt: '2026-11-22T11:05:09.000Z' } as const;
  t.equal(told(calmModel(), lost), 'unsure: Nothing found, but not all is well');
  const page = pageText(calmModel(), lost);
  t.match(page, 'as of 11:05 UTC</span></h1>');
  t.match(plainText(page), 'nothing was heard since 11:05 UTC, 55 min ago');
  t.match(page, '<main id="main" class="stale">');
  t.notMatch(pageText(calmModel()), 'as of');
});

t.test('what could not be read of the history is not called absent', async (t) => {
  const control = new StandIn(['a']);
  control.storeState = 'failing';
  // Taken away under the feet of whoever has it open.
  rmSync(control.store.path);
  const answer = createDashboard(control, new Map())(new Request('http://localhost/?as=json'));
  const model = JSON.parse(await answer!.text()) as PageModel;
  t.ok(model.problem);
  const page = plainText(pageText(model));
  for (const heading of ['Findings', 'History', 'Certificates', 'Coverage'])
    t.match(page, new RegExp(`${heading} (?:[^.]{0,120} )?Cannot be read: the store fails\\.`), heading);
  t.notMatch(page, /No run yet|No certificate was seen|No open finding|Nothing was looked at|Findings 0/);
});

t.test('a finding has the verdict that the settings of its cluster give it', async (t) => {
  const strict = calmCluster('a', { failOn: 'critical' });
  const finding = record({ severity: 'high' });
  t.match(pageText(calmModel({ findings: [finding] }, [strict])), '<span class="quiet">WARN</span>');
  t.match(pageText(calmModel({ findings: [finding] })), '<span class="quiet">FAIL</span>');
  t.match(pageText(calmModel({ findings: [record({ severity: 'low' })] })), '<span class="quiet">WARN</span>');
});

t.test('the worst cluster comes first: by severity, and a run that fails before a medium finding', async (t) => {
  const open = (more: Partial<Record<keyof typeof NO_FINDINGS, number>>) => ({ open: { ...NO_FINDINGS, ...more } });
  const clusters = [
    calmCluster('calm'),
    calmCluster('low', open({ low: 9 })),
    calmCluster('medium', open({ medium: 1 })),
    calmCluster('blind', { problem: 'x' }),
    calmCluster('high', open({ high: 2 })),
    calmCluster('critical', open({ critical: 1 })),
    calmCluster('info', open({ info: 5 })),
  ];
  const order = ['critical', 'high', 'blind', 'medium', 'low', 'calm', 'info'];
  t.strictSame(
    worstFirst(clusters).map(({ cluster }) => cluster),
    order,
  );
});

t.test('nothing of one cluster stands under the name of another that is loading', async (t) => {
  const { cluster: _, ...model } = calmModel({ findings: [record()] });
  const page = pageText(model, { awaited: { cluster: 'b', state: 'failing' } });
  t.match(page, '>b</h1>');
  t.match(page, 'cannot be loaded, trying again');
  t.match(page, '<option value="b" selected>');
  t.notMatch(page, 'Channel in clear');
});

t.test('a run can be asked for only where somebody is asked', async (t) => {
  t.match(pageText(calmModel()), 'data-run');
  t.notMatch(pageText(calmModel({}, [calmCluster('a', { asks: 'nobody' })])), 'data-run');
});
