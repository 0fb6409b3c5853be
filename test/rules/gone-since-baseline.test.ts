import t from 'tap';
import { rule } from '../../src/rules/gone-since-baseline.ts';
import { active, baseline, finding, noAnswer, TM1, TM2, verdict } from '../support/observations.ts';

const data = (server: typeof TM1 | typeof TM2) => active({ channel: 'taskmanager-data', server });

t.test('is inconclusive, and names who is gone', async (t) => {
  const found = finding(rule, [data(TM1)], { baseline: baseline([data(TM1), data(TM2)]) });
  t.equal(found.verdict, 'inconclusive');
  t.equal(found.channel, 'taskmanager-data');
  t.equal(found.endpoint?.member, 'tm2');
});

t.test('leaves one that was asked and did not answer to the rule that says why', async (t) => {
  const seen = [data(TM1), noAnswer('refused', { channel: 'taskmanager-data', server: TM2 })];
  t.equal(verdict(rule, seen, { baseline: baseline([data(TM1), data(TM2)]) }), 'pass');
});

t.test('leaves one that refuses every ClientHello to the rule that says why', async (t) => {
  const dead = active({ channel: 'taskmanager-data', server: TM2, suites: {}, tls: { outcome: 'refused' } });
  t.equal(verdict(rule, [data(TM1), dead], { baseline: baseline([data(TM1), data(TM2)]) }), 'pass');
});

t.test('passes where all are there, on other ports too', async (t) => {
  const moved = active({ channel: 'taskmanager-data', server: { ...TM1, port: 39123 } });
  t.equal(verdict(rule, [moved], { baseline: baseline([data(TM1)]) }), 'pass');
});

t.test('does not miss what did not answer in the baseline either', async (t) => {
  t.equal(
    verdict(rule, [data(TM1)], { baseline: baseline([data(TM1), noAnswer('refused', { server: TM2 })]) }),
    'pass',
  );
});

t.test('does not apply without a baseline', async (t) => {
  t.equal(verdict(rule, [data(TM1)]), 'not-applicable');
});
