import t, { type Test } from 'tap';
import { flinkStandIn } from '../support/targets/flink-stand-in.ts';
import { available, missingFor, Targets } from '../support/targets/start.ts';
import type { TargetId } from '../support/targets/target.ts';
import { repeatedly } from './repeated.ts';
import type { SurveyOptions } from './support.ts';

/** All targets ten times, with all their suites, are in the benchmark. */
const TIMES = 10;
const JDK: readonly TargetId[] = ['A3', 'A4', 'B1'];
const OTHERS: readonly TargetId[] = ['C1', 'C2', 'D1', 'D2'];

async function sameEachTime(
  t: Test,
  times: number,
  ids: readonly TargetId[],
  profile: SurveyOptions['profile'] & string,
): Promise<void> {
  const targets = await Targets.start(...ids);
  t.teardown(() => targets.stop());
  for (const id of ids) {
    const [first, ...others] = await repeatedly(times, targets.get(id), { channel: 'jobmanager-rpc', profile });
    for (const other of others) t.strictSame(other, first, `${id}, ${profile}`);
  }
}

t.test('a JDK server gives the same report ten times', { skip: missingFor('A1') }, async (t) => {
  await sameEachTime(t, TIMES, JDK, 'quick');
  await sameEachTime(t, TIMES, ['A1'], 'standard');
});

t.test('OpenSSL and GnuTLS give the same report ten times', { skip: missingFor('C1') }, (t) =>
  sameEachTime(t, TIMES, available(OTHERS), 'quick'),
);

t.test('stand-ins for Flink give the same report ten times, clear and TLS, told and not told', async (t) => {
  const flink = await flinkStandIn({ taskManagers: 1, hosts: 'together', odd: { tm1: 'clear' } });
  t.teardown(() => flink.stop());
  await Promise.all(
    flink.endpoints.map(async ({ host, port, channel, member }) => {
      const told = channel === 'taskmanager-rpc' || channel === 'rest' ? {} : { channel };
      const options = { ...told, profile: 'quick', patience: { answerMs: 600, verdictMs: 400 } } as const;
      const [first, ...others] = await repeatedly(TIMES, { address: host, port }, options);
      for (const other of others) t.strictSame(other, first, `${member} ${channel}`);
    }),
  );
});
