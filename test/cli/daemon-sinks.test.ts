import { createServer, type Server } from 'node:http';
import t from 'tap';
import { receiver } from '../daemon/notify/receiver.ts';
import { told } from '../daemon/notify/rig.ts';
import { freePort, listening } from '../support/listening.ts';
import { get, hasSignals, placeOf, ran, start, statusOf, until } from './daemon-process.ts';

/** The daemon as a process: what sinks hear when they, or the daemon, were away. */

t.setTimeout(120_000);

/** Flink's REST in clear text: what everybody may read is a finding. */
function clearRest(): Server {
  return createServer((request, response) => {
    const known: Readonly<Record<string, unknown>> = {
      '/config': { 'flink-version': '1.20.3', 'flink-revision': 'x', 'refresh-interval': 3000, features: {} },
      '/v1/config': { 'flink-version': '1.20.3', 'flink-revision': 'x', 'refresh-interval': 3000, features: {} },
    };
    const body = known[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json; charset=UTF-8' });
    response.end(JSON.stringify(body ?? { errors: ['Not found.'] }));
  });
}

const settings = (hook: number): string =>
  `notify:\n  - { name: hook, type: webhook, url: "http://127.0.0.1:${hook}", on: [opened, resolved], group_wait: 1s, min_severity: low }\n`;

t.test(
  'a sink that is down while the daemon is killed and started again hears of all, opened and resolved',
  hasSignals,
  async (t) => {
    const rest = await listening(clearRest());
    t.teardown(rest.close);
    const hookPort = await freePort();
    const place = placeOf();
    const clusters = ['a', 'b'].map(
      (name) => `  - { name: ${name}, schedule: none, timeout: 2s, targets: ["rest=127.0.0.1:${rest.port}"] }\n`,
    );
    place.write(clusters.join(''), settings(hookPort));
    const one = await start(t, place);
    await ran(one, 2);
    const open = await get<{
      readonly items: readonly {
        readonly finding: { readonly fingerprint: string; readonly verdict: string; readonly severity: string };
      }[];
    }>(`${one.url}/api/v1/findings?state=open`);
    const prints = new Set(
      open.items.filter(({ finding }) => finding.verdict === 'fail').map(({ finding }) => finding.fingerprint),
    );
    t.ok(prints.size > 0, JSON.stringify(open.items).slice(0, 500));
    await until(async () => (/"hook".*is tried again/.test(one.log()) ? true : undefined), one.log);
    one.child.kill('SIGKILL');
    await one.ended;
    const two = await start(t, place);
    await ran(two, 4);
    two.child.kill('SIGKILL');
    await two.ended;
    const hook = await receiver(hookPort);
    t.teardown(() => hook.close());
    const three = await start(t, place);
    const hasHeard = (kind: string): true | undefined => {
      const heard = told(hook);
      return [...prints].every(
        (print) => heard.filter((each) => each === `${kind} ${print}`).length >= clustersWith(print),
      )
        ? true
        : undefined;
    };
    await until(() => hasHeard('opened'), three.log);
    await until(async () => ((await statusOf(three)).outbox === 0 ? true : undefined), three.log);
    for (const print of prints) {
      const times = told(hook).filter((each) => each === `opened ${print}`).length;
      t.equal(times, clustersWith(print), `${print}: once a cluster`);
    }
    three.child.kill('SIGKILL');
    await three.ended;
    const before = told(hook).length;
    await hook.close();
    place.write(clusters[0]!, settings(hookPort));
    const four = await start(t, place);
    await until(async () => (/"hook".*is tried again/.test(four.log()) ? true : undefined), four.log);
    four.child.kill('SIGKILL');
    await four.ended;
    const again = await receiver(hookPort);
    t.teardown(() => again.close());
    const five = await start(t, place);
    const ends = [...prints].map((print) => `resolved ${print}`).sort();
    await until(() => (told(again).length >= ends.length ? true : undefined), five.log);
    t.strictSame(told(again).toSorted(), ends, 'the cluster that left the settings is resolved, and nothing else');
    t.equal(told(hook).length, before);
    five.child.kill('SIGTERM');
    t.equal(await five.ended, 0);

    function clustersWith(print: string): number {
      return open.items.filter(({ finding }) => finding.fingerprint === print).length;
    }
  },
);
