import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { FindingRecord } from '../../src/daemon/types.ts';
import { listening } from '../support/listening.ts';
import { temporary } from '../support/temporary.ts';
import { get, hasSignals, runProgram, until } from './daemon-process.ts';

/** What `npm start` runs. */

const START = fileURLToPath(new URL('../../src/cli/start.js', import.meta.url));

t.test(
  'it shows a recorded cluster that lost TLS on its data plane, and Ctrl-C ends it with 0',
  hasSignals,
  async (t) => {
    const one = runProgram(t, [START, '--listen', '127.0.0.1:0'], temporary());
    const url = await until(() => /listens on (\S+?)\/?\n/.exec(one.out())?.[1], one.log);
    const clear = await until(async () => {
      const { items } = await get<{ readonly items: readonly FindingRecord[] }>(
        `${url}/api/v1/findings?cluster=recorded`,
      );
      const found = items.filter(({ finding }) => finding.ruleId === 'plaintext-channel').map(({ finding }) => finding);
      return found.some(({ channel }) => channel === 'taskmanager-data') ? found : undefined;
    }, one.log);
    // What captures/README.md says of the recording: the data plane of both TaskManagers in clear, all else but REST mutual TLS.
    t.strictSame(clear.map(({ channel, endpoint }) => `${channel} ${endpoint?.member}`).sort(), [
      'rest jm',
      'taskmanager-data tm1',
      'taskmanager-data tm2',
    ]);
    t.match(await (await fetch(`${url}/`)).text(), /clear text/);
    one.child.kill('SIGINT');
    t.equal(await one.ended, 0, one.log());
  },
);

t.test('a port that is taken is told with the option that takes another', async (t) => {
  const { port, close } = await listening(createServer());
  t.teardown(close);
  const one = runProgram(t, [START, '--listen', `127.0.0.1:${port}`], temporary());
  t.equal(await one.ended, 3);
  t.match(one.log(), new RegExp(`^flinkprobe: web: .*127\\.0\\.0\\.1:${port}; --listen HOST:PORT takes another`, 'm'));
});
