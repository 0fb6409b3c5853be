import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { listening } from '../support/listening.ts';
import { askedRun, get, hasSignals, placeOf, start } from './daemon-process.ts';

t.test('a cluster that must not be asked never is, whatever names it: its files are read', hasSignals, async (t) => {
  let connections = 0;
  const { port, close } = await listening(
    createServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined);
      socket.destroy();
    }),
  );
  t.teardown(close);
  const place = placeOf();
  const conf = path.join(place.folder, 'conf');
  mkdirSync(conf);
  const settings = { 'jobmanager.rpc.address': '127.0.0.1', 'rest.port': port, 'security.ssl.rest.enabled': true };
  const lines = Object.entries(settings).map(([key, value]) => `${key}: ${value}\n`);
  writeFileSync(path.join(conf, 'flink-conf.yaml'), lines.join(''));
  place.write(
    `  - name: prod
    active: off
    schedule: { every: 1s }
    targets: ["rest=127.0.0.1:${port}"]
    rest: { url: "http://127.0.0.1:${port}" }
    restart_watch: { every: 1s }
    configurations: [conf]
`,
    'web: { probe: { allow_targets: any } }\n',
  );
  const one = await start(t, place);
  const first = await askedRun(one);
  const second = await askedRun(one);
  t.not(first, second, 'runs are made');
  const { command, inputs, complete } = await get<Report>(`${one.url}/api/v1/runs/${second}/report?format=json`);
  t.strictSame([command, complete], ['audit', true]);
  t.ok(inputs.some(({ kind }) => kind === 'configuration'));
  const probed = await fetch(`${one.url}/probe?target=127.0.0.1:${port}`);
  t.equal(probed.status, 403);
  t.match(await probed.text(), /active: off/);
  t.equal(connections, 0);
  one.child.kill('SIGTERM');
  await one.ended;
  t.equal(connections, 0);
});
