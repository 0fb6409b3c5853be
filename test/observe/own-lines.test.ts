import t from 'tap';
import type { Observation } from '../../src/model/report.ts';
import { ownLines } from '../../src/observe/own-lines.ts';

const own = new Set(['127.0.0.1', '10.0.0.9']);
const elsewhere = ownLines({ own, asked: ['10.0.0.1', '10.0.0.2'] });

type Told = Parameters<ReturnType<typeof ownLines>>[0];

function failed(
  channel: Observation['channel'],
  client: string | undefined,
  side: 'server' | 'client' = 'server',
): Told {
  return {
    channel,
    ...(client === undefined ? {} : { client: { host: client, port: 0 } }),
    log: { event: 'handshake-failed', failure: { reason: 'other', certainty: 'proven', side } },
  } as unknown as Told;
}

t.test('a handshake that a process refused us is ours', async (t) => {
  t.ok(elsewhere(failed('jobmanager-rpc', '10.0.0.9')));
  t.ok(elsewhere(failed('rest', undefined)), 'REST names no peer');
});

t.test('one that it refused another is not, nor one that it could not make itself', async (t) => {
  t.notOk(elsewhere(failed('jobmanager-rpc', '10.0.0.2')));
  t.notOk(elsewhere(failed('taskmanager-data', undefined)));
  t.notOk(elsewhere(failed('taskmanager-rpc', '10.0.0.9', 'client')));
  t.notOk(elsewhere({ channel: 'rest', log: { event: 'rest-started' } } as unknown as Told));
});

t.test('where a process that is asked runs on this host, nothing is taken for ours', async (t) => {
  const here = ownLines({ own, asked: ['10.0.0.1', '10.0.0.9'] });
  t.notOk(here(failed('jobmanager-rpc', '10.0.0.9')));
  t.notOk(here(failed('rest', undefined)));
});
