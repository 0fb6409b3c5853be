import t from 'tap';
import type { EndpointChange, Finding, Report } from '../../../src/model/report.ts';
import { JOURNEYS, type Journey, journeyDiffers, SOUND } from './journeys.ts';
import { CLUSTER_MEMBERS } from './members.ts';
import { versionNamed } from './versions.ts';

const TRUTH = SOUND.truth(versionNamed('2.3.0'));
const named = (name: string): Journey => JOURNEYS.find((one) => one.name === name)!;
const memberOf = (host: string): string => host;

type Change = Pick<EndpointChange, 'change' | 'certificate' | 'process'>;

/** A report in which `more` says what became of an endpoint; the others are as they were. */
function answer(
  more: (channel: string, member: string) => Partial<Change>,
  findings: readonly (readonly [ruleId: string, member: string])[] = [],
  exitCode = 1,
): Parameters<typeof journeyDiffers>[2] {
  const endpoints = TRUTH.endpoints.map(({ channel, member }) => ({
    ...{ channel, endpoint: { host: member, port: 1 }, details: [] },
    ...{ change: 'unchanged', certificate: 'same', process: 'unknown', ...more(channel, member) },
  }));
  const told = findings.map(([ruleId, host]) => ({ ruleId, endpoint: { host }, verdict: 'fail', change: 'new' }));
  const report = { comparison: { endpoints, fixed: [] }, findings: told as unknown as Finding[] } as unknown as Report;
  return { report, exitCode };
}

const clear = (channel: string, member: string): Partial<Change> =>
  member === 'tm2' && channel !== 'rest' ? { change: 'weaker', certificate: 'none' } : {};
const FAULT = [
  ['weaker-than-baseline', 'tm2'],
  ['plaintext-channel', 'tm2'],
] as const;

t.test('the fault, all of it and nothing besides is equal', async (t) => {
  t.same(journeyDiffers(named('one-without-tls'), TRUTH, answer(clear, FAULT), memberOf), []);
  t.same(
    journeyDiffers(
      named('nothing-changed'),
      TRUTH,
      answer(() => ({}), [], 0),
      memberOf,
    ),
    [],
  );
});

t.test('a fault that is not told, elsewhere, or too much is a difference', async (t) => {
  const journey = named('one-without-tls');
  const differences = (given: Parameters<typeof journeyDiffers>[2]): readonly string[] =>
    journeyDiffers(journey, TRUTH, given, memberOf);
  t.match(differences(answer(() => ({}), FAULT)), [/taskmanager-rpc of tm2: weaker is dictated, seen is unchanged/]);
  t.match(differences(answer(clear, FAULT.slice(0, 1))), [/plaintext-channel: not told/]);
  t.match(differences(answer(clear, [...FAULT, ['plaintext-channel', 'tm1']])), [
    /tm1: new, and the fault is elsewhere/,
  ]);
  t.match(differences(answer(clear, [...FAULT, ['expired-certificate', 'tm2']])), [/new, and not the fault/]);
  t.match(differences(answer(clear, FAULT, 0)), [/exit 1 is dictated/]);
});

t.test('a process that was restarted is not called the same, nor the other way round', async (t) => {
  const journey = named('one-without-tls');
  const all = (process: Change['process']) =>
    journeyDiffers(
      journey,
      TRUTH,
      answer((c, m) => ({ ...clear(c, m), process }), FAULT),
      memberOf,
    );
  t.ok(all('same').every((text) => / of tm2: its process is called same/.test(text)) && all('same').length === 3);
  t.ok(all('restarted').every((text) => / of (jm|tm1): its process is called restarted/.test(text)));
  t.equal(all('restarted').length, TRUTH.endpoints.length - 3);
});

t.test('no comparison is no agreement', async (t) => {
  const { report } = answer(clear, FAULT);
  const { comparison: _, ...without } = report;
  t.match(journeyDiffers(named('one-without-tls'), TRUTH, { report: without, exitCode: 1 }, memberOf), [
    /no comparison/,
  ]);
});

t.test('journeys restart members that there are, and tell them apart', async (t) => {
  t.equal(new Set(JOURNEYS.map((one) => one.name)).size, JOURNEYS.length);
  for (const { name, restarted, changed } of JOURNEYS) {
    t.ok(
      restarted.every((member) => CLUSTER_MEMBERS.includes(member)),
      name,
    );
    t.ok(
      Object.keys(changed).every((member) => restarted.includes(member as 'tm1')),
      `${name}: changes of the restarted`,
    );
  }
});
