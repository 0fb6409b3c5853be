import t from 'tap';
import { flinkStandIn } from '../support/targets/flink-stand-in.ts';
import { type CutServer, cutSurveys } from './any-byte.ts';

/** A thousand are in the benchmark. */
const RUNS = 60;

/** Park and Miller's generator: the same cuts in every run. */
function* randoms(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 48_271) % 2_147_483_647;
    yield state / 2_147_483_647;
  }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`a ${version} server that is cut off at any octet loses nothing and breaks nothing`, async (t) => {
    const suites = { minVersion: version, maxVersion: version } as const;
    const flink = await flinkStandIn({ taskManagers: 0, hosts: 'together', ...suites });
    t.teardown(() => flink.stop());
    const { port } = flink.endpoint('jm', 'jobmanager-rpc');
    const server: CutServer = { port, version, verdict: 'required', serverHello: 140 };
    const random = randoms(20_261_122);
    t.strictSame(await cutSurveys(server, RUNS, () => random.next().value), []);
  });
}
