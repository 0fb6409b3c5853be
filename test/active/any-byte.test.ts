import t from 'tap';
import { flinkStandIn } from '../support/targets/flink-stand-in.ts';
import { type CutServer, cutSurvey } from './any-byte.ts';

/** A thousand are in the benchmark. */
const RUNS = 60;
const TOGETHER = 8;
/** Octets of the server's flight and what follows, both versions. */
const STREAM_MAX = 1800;

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
    const faults: string[] = [];
    let left = RUNS;
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const after = Math.floor(random.next().value * STREAM_MAX);
        const fault = await cutSurvey(server, { after, how: random.next().value < 0.5 ? 'fin' : 'rst' });
        if (fault !== undefined) faults.push(fault);
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, worker));
    t.strictSame(faults, []);
  });
}
