import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { openLiveWire } from '../../src/cli/live-wire.ts';
import type { OpenedWire } from '../../src/daemon/wire-companion.ts';
import type { LiveCapture, LiveCaptureEnd } from '../../src/net/live-capture.ts';
import { loaded } from '../daemon/scheduling.ts';
import { until } from '../support/until.ts';

const PORTS = `jobmanager.rpc.address: jm
jobmanager.rpc.port: 6123
blob.server.port: 6124
taskmanager.rpc.port: 50100
metrics.internal.query-service.port: 50101
`;

interface Bench {
  readonly write: (configuration: string) => void;
  readonly names: string;
  readonly open: () => Promise<OpenedWire>;
  /** Of the captures that were begun. */
  readonly filters: string[];
}

/** Wires whose captures see nothing. */
function bench(t: Test): Bench {
  const root = t.testdir({ conf: {} });
  const folder = path.join(root, 'conf');
  const names = path.join(root, 'names.txt');
  writeFileSync(names, '10.0.0.1 jm\n');
  const [settings] = loaded([{ names, configurations: [`jm=${folder}`], capture: { interfaces: ['lo'] } }]).settings
    .clusters;
  const filters: string[] = [];
  return {
    names,
    filters,
    write: (text) => writeFileSync(path.join(folder, 'flink-conf.yaml'), text),
    open: () =>
      openLiveWire(settings!, settings!.capture!, {
        keep: () => undefined,
        publish: () => undefined,
        log: () => undefined,
        clock: () => Date.now(),
        startCapture: async ({ filter }) => {
          filters.push(filter);
          let end: (how: LiveCaptureEnd) => void = () => undefined;
          const ended = new Promise<LiveCaptureEnd>((resolve) => {
            end = resolve;
          });
          const stop: LiveCapture['stop'] = () => {
            end({ how: 'asked' });
            return ended;
          };
          return { tool: 'tcpdump', streams: [], ended, askDrops: () => undefined, stop };
        },
      }),
  };
}

t.test('a port that is configured later makes the wire outdated, and the next one captures it', async (t) => {
  const { write, open, filters } = bench(t);
  write(`${PORTS}taskmanager.data.port: 50102\n`);
  const first = await open();
  first.wire.start();
  t.teardown(() => first.wire.stop());
  await until('begun', () => filters.length === 1);
  t.match(filters[0], /50100-50102/);
  t.equal(await first.isOutdated(), false);
  write(`# a comment\n${PORTS}taskmanager.data.port: 50102\n`);
  t.equal(await first.isOutdated(), false, 'a comment changes nothing');
  write(`${PORTS}taskmanager.data.port: 50200\n`);
  t.equal(await first.isOutdated(), true);
  const second = await open();
  second.wire.start();
  t.teardown(() => second.wire.stop());
  await until('begun', () => filters.length === 2);
  t.match(filters[1], /port 50200/);
  t.notMatch(filters[1], /50102/);
  t.equal(await second.isOutdated(), false);
});

t.test('so do other names, and files that cannot be read are said', async (t) => {
  const { write, open, names } = bench(t);
  write(PORTS);
  const { isOutdated } = await open();
  writeFileSync(names, '10.0.0.1 jm\n10.0.0.2 tm-1\n');
  t.equal(await isOutdated(), true);
  rmSync(names);
  await t.rejects(isOutdated(), { message: /names\.txt/ });
});
