import fc from 'fast-check';
import t from 'tap';
import { inTurns, locate } from '../../src/cli/endpoints.ts';
import type { Target } from '../../src/observe/active/types.ts';
import type { NamedTarget } from '../../src/observe/named-target.ts';

const ADDRESSES: Readonly<Record<string, readonly string[]>> = { jm: ['10.0.0.1'], tm: ['10.0.0.2', '10.0.0.3'] };

async function resolve(name: string): Promise<readonly string[]> {
  return ADDRESSES[name] ?? (name.startsWith('10.') ? [name] : []);
}

function at(name: string, port: number, change: Partial<NamedTarget> = {}): NamedTarget {
  return { name, port, channelBasis: 'argument', ...change };
}

t.test('a name is looked up once, however many ports it has', async (t) => {
  const asked: string[] = [];
  await locate([at('jm', 1), at('jm', 2), at('tm', 1)], async (name) => {
    asked.push(name);
    return resolve(name);
  });
  t.strictSame(asked, ['jm', 'tm']);
});

t.test('the better source says what a port is, the others complete it', async (t) => {
  const { targets } = await locate(
    [
      at('jm', 6124, { channelBasis: 'port', channel: 'queryable-state' }),
      at('10.0.0.1', 6124, {
        channelBasis: 'discovery',
        channel: 'blob-server',
        component: 'jobmanager',
        member: 'jm',
      }),
    ],
    resolve,
  );
  t.match(targets, [{ channel: 'blob-server', channelBasis: 'discovery', component: 'jobmanager', member: 'jm' }]);
  t.equal(targets.length, 1);
  t.equal(targets[0]!.name, '10.0.0.1', 'by the name of the better source');
});

t.test('an argument that leaves the channel open gets it from who knows, with that basis', async (t) => {
  const open = at('10.0.0.1', 6124);
  const known = at('jm', 6124, { channelBasis: 'configuration', channel: 'blob-server' });
  for (const named of [
    [open, known],
    [known, open],
  ]) {
    const { targets } = await locate(named, resolve);
    t.match(targets, [{ channel: 'blob-server', channelBasis: 'configuration', port: 6124 }]);
  }
});

t.test('what an argument calls by name outweighs what a configuration says', async (t) => {
  const { targets } = await locate(
    [at('jm', 7000, { channelBasis: 'configuration', channel: 'rest' }), at('jm', 7000, { channel: 'sql-gateway' })],
    resolve,
  );
  t.match(targets, [{ channel: 'sql-gateway', channelBasis: 'argument' }]);
});

t.test('names without an address are lost, each endpoint once', async (t) => {
  const { targets, lost } = await locate([at('gone', 1), at('gone', 1), at('gone', 2), at('jm', 1)], resolve);
  t.strictSame(
    lost.map(({ name, port, because }) => `${name}:${port} ${because}`),
    ['gone:1 unresolved', 'gone:2 unresolved'],
  );
  t.equal(targets.length, 1);
});

const target = fc.record({ address: fc.constantFrom('a', 'b', 'c', 'd'), port: fc.nat(9) });

t.test('in turns, nothing is lost, and no host comes twice before every other came that has more', (t) => {
  fc.assert(
    fc.property(fc.array(target), (places) => {
      const targets: Target[] = places.map((one) => ({ ...one, name: one.address, channelBasis: 'argument' }));
      const ordered = inTurns(targets);
      t.strictSame(new Set(ordered), new Set(targets));
      t.equal(ordered.length, targets.length);
      const turns = new Map<string, number>();
      let turn = 0;
      for (const { address } of ordered) {
        const own = (turns.get(address) ?? -1) + 1;
        turns.set(address, own);
        if (own < turn) throw new Error(`${address} comes late`);
        turn = own;
      }
    }),
    { numRuns: 200 },
  );
  t.end();
});
