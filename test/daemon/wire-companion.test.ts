import t, { type Test } from 'tap';
import type { LiveEvent } from '../../src/daemon/live-events.ts';
import type { WireStatus } from '../../src/daemon/types.ts';
import { notWatched, type OpenedWire, WireCompanion } from '../../src/daemon/wire-companion.ts';
import { until } from '../support/until.ts';

const SETTINGS = { interfaces: ['eth0'], everyMs: 1000 };

/** A wire that tells what is done with it. */
class StandIn {
  readonly name: string;
  readonly steps: string[];
  readonly isOutdated: OpenedWire['isOutdated'];
  status: WireStatus = { ...notWatched('prod', SETTINGS, ''), state: 'restarting' };

  constructor(name: string, steps: string[], isOutdated: OpenedWire['isOutdated']) {
    this.name = name;
    this.steps = steps;
    this.isOutdated = isOutdated;
  }

  start(): void {
    this.steps.push(`${this.name} started`);
    this.status = { ...this.status, state: 'running' };
  }

  async stop(): Promise<void> {
    this.steps.push(`${this.name} stopped`);
    this.status = { ...this.status, state: 'stopped' };
  }
}

interface Bench {
  readonly companion: WireCompanion;
  readonly steps: string[];
  readonly lines: string[];
  readonly events: LiveEvent['data'][];
}

function bench(t: Test, open: (steps: string[], times: number) => Promise<OpenedWire>, outdatedMs = 20): Bench {
  const steps: string[] = [];
  const lines: string[] = [];
  const events: LiveEvent['data'][] = [];
  let times = 0;
  const companion = new WireCompanion({
    cluster: 'prod',
    settings: SETTINGS,
    open: () => open(steps, ++times),
    publish: (_event, data) => void events.push(data),
    log: (level, fields, text) => void lines.push(`${level} ${text} ${JSON.stringify(fields)}`),
    clock: () => Date.now(),
    pauses: { firstMs: 5, longestMs: 20, outdatedMs },
  });
  t.teardown(() => companion.stop());
  return { companion, steps, lines, events };
}

const opened = (wire: StandIn): OpenedWire => ({ wire, isOutdated: wire.isOutdated });

t.test('a wire that cannot be opened is told, and opened again until it can be', async (t) => {
  const { companion, steps, lines, events } = bench(t, async (steps, times) => {
    if (times < 4) throw new Error('names.txt: no such file');
    return opened(new StandIn('wire', steps, async () => false));
  });
  t.match(companion.wire, { cluster: 'prod', interfaces: ['eth0'], state: 'restarting' });
  await until('failed', () => companion.wire.state === 'failed');
  t.equal(companion.wire.problem, 'names.txt: no such file');
  t.match(events, [{ cluster: 'prod', state: 'failed', problem: 'names.txt: no such file' }]);
  await until('running', () => companion.wire.state === 'running');
  t.equal(lines.length, 1, 'said once');
  t.match(lines[0], /^error the wire is not watched .*names\.txt/);
  await companion.stop();
  t.same(steps, ['wire started', 'wire stopped']);
});

t.test('where files say something else, a new wire begins before the old one ends', async (t) => {
  let saying = 1;
  const { companion, steps } = bench(t, async (steps) => {
    const said = saying;
    return opened(new StandIn(`wire ${said}`, steps, async () => saying !== said));
  });
  await until('running', () => companion.wire.state === 'running');
  saying = 2;
  await until('the second', () => steps.includes('wire 1 stopped'));
  t.same(steps, ['wire 1 started', 'wire 2 started', 'wire 1 stopped']);
  t.equal(companion.wire.state, 'running');
});

t.test('a reload looks at the files at once', async (t) => {
  let saying = 1;
  const never = 3_600_000;
  const open = async (steps: string[]): Promise<OpenedWire> => {
    const said = saying;
    return opened(new StandIn(`wire ${said}`, steps, async () => saying !== said));
  };
  const { companion, steps } = bench(t, open, never);
  await until('running', () => companion.wire.state === 'running');
  saying = 2;
  companion.reloaded();
  await until('the second', () => steps.includes('wire 1 stopped'));
  t.equal(companion.wire.state, 'running');
});

t.test('files that cannot be read any more leave the wire that is there', async (t) => {
  const { companion, steps, lines } = bench(t, async (steps) =>
    opened(
      new StandIn('wire', steps, async () => {
        throw new Error('conf: no such file');
      }),
    ),
  );
  await until('looked', () => lines.length > 0);
  t.match(lines, [/^error the wire is watched by what files said before .*conf: no such file/]);
  t.equal(companion.wire.state, 'running');
  t.same(steps, ['wire started']);
});

t.test('stopped while it is being opened, nothing is begun', async (t) => {
  let go = (): void => undefined;
  const { companion, steps } = bench(t, async (steps) => {
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    return opened(new StandIn('wire', steps, async () => false));
  });
  await new Promise(setImmediate);
  const stopped = companion.stop();
  go();
  await stopped;
  t.same(steps, []);
});
