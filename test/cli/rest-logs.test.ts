import { existsSync, readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { readLogs } from '../../src/cli/log-witness.ts';
import { fetchLogs } from '../../src/cli/rest-logs.ts';
import { taskManagerLogPath } from '../../src/net/flink-rest-paths.ts';
import type { RestAccess } from '../../src/net/flink-rest-types.ts';
import { clusterAnswers, type RestAnswers, recorded, serveRest } from '../support/flink-rest-server.ts';
import { readVector } from '../support/vectors.ts';

const signal = new AbortController().signal;
const log = (member: string): string => Buffer.from(readVector(`logs/1.20.3-all/${member}.log`)).toString('utf8');
const [first] = (recorded('all-taskmanagers') as { taskmanagers: { id: string }[] }).taskmanagers;
const ANSWERS: RestAnswers = {
  '/taskmanagers': JSON.stringify({
    taskmanagers: (recorded('all-taskmanagers') as { taskmanagers: { id: string }[] }).taskmanagers.slice(0, 1),
  }),
  '/jobmanager/log': log('jm'),
  [taskManagerLogPath(first!.id)]: log('tm1'),
};

const accessTo = (url: string): RestAccess => ({ url, timeoutMs: 2000, signal });

t.test('logs that REST gives are heard as those of files are, under their URLs', async (t) => {
  const server = await serveRest(ANSWERS);
  const fetched = await fetchLogs(accessTo(server.url));
  t.strictSame(fetched.shortfalls, []);
  t.strictSame(
    fetched.logs.map(({ shown }) => shown),
    [`${server.url}/jobmanager/log`, `${server.url}${taskManagerLogPath(first!.id)}`],
  );
  t.strictSame(
    fetched.logs.map(({ path }) => readFileSync(path, 'utf8')),
    [log('jm'), log('tm1')],
    'to the last byte',
  );
  if (process.platform !== 'win32') t.equal(statSync(fetched.logs[0]!.path).mode & 0o777, 0o600);

  const heard = await readLogs({ logs: fetched.logs, configurations: [], signal });
  t.strictSame(heard.flinkVersions, ['1.20.3']);
  t.strictSame(
    heard.inputs.map(({ kind, path }) => ({ kind, path })),
    fetched.logs.map(({ shown }) => ({ kind: 'log', path: shown })),
  );
  t.ok(heard.observations.length > 0);
  t.ok(heard.observations.every((one) => one.log?.file.startsWith(server.url)));
  t.equal(heard.extent, 'whole');

  fetched.remove();
  t.notOk(existsSync(fetched.logs[0]!.path), 'nothing is left behind');
  await server.close();
});

t.test('a log that REST refuses is a shortfall, and the others are heard', async (t) => {
  const { [taskManagerLogPath(first!.id)]: _, ...others } = ANSWERS;
  const server = await serveRest(others);
  const fetched = await fetchLogs(accessTo(server.url));
  t.equal(fetched.logs.length, 1);
  t.match(fetched.shortfalls, [/HTTP 404/]);
  fetched.remove();
  await server.close();
});

t.test('where REST does not list its TaskManagers there is no log, and a sentence', async (t) => {
  const server = await serveRest({ ...clusterAnswers('off'), '/taskmanagers': 'no JSON' });
  const fetched = await fetchLogs(accessTo(server.url));
  t.strictSame(fetched.logs, []);
  t.match(fetched.shortfalls, [/answers no JSON/]);
  fetched.remove();
  await server.close();
});
