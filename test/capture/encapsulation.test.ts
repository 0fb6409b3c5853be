import fc from 'fast-check';
import t from 'tap';
import { type EncapsulationStep, Encapsulations, MAX_ENCAPSULATIONS } from '../../src/capture/encapsulation.ts';

const step: fc.Arbitrary<EncapsulationStep> = fc.oneof(
  fc.record({ kind: fc.constant('vlan' as const), value: fc.integer({ min: 1, max: 4095 }) }),
  fc.record({
    kind: fc.constantFrom('vxlan' as const, 'geneve' as const, 'erspan' as const),
    value: fc.nat(0xff_ffff),
  }),
  fc.record({ kind: fc.constant('gre' as const), value: fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_ffff) }),
  fc.record({ kind: fc.constantFrom('gre' as const, 'ipip' as const, '6in4' as const, 'mpls' as const) }),
);

t.test('no encapsulation is 0, and each path has one id from which it can be read back', async (t) => {
  const table = new Encapsulations();
  const ids = new Map<string, number>();
  t.equal(table.intern([]), 0);
  t.strictSame(table.describe(0), { vlans: [] });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (path) => {
      const id = table.intern(path);
      const text = JSON.stringify(path);
      const known = ids.get(text) ?? id;
      ids.set(text, id);
      return id === known && id > 0 && JSON.stringify(table.steps(id)) === text;
    }),
    { numRuns: 2000 },
  );
  t.equal(new Set(ids.values()).size, ids.size, 'different paths have different ids');
});

t.test('the report names all VLANs from outside in, and the innermost tunnel', async (t) => {
  const table = new Encapsulations();
  const id = table.intern([
    { kind: 'vlan', value: 300 },
    { kind: 'vxlan', value: 42 },
    { kind: 'vlan', value: 7 },
    { kind: 'gre' },
  ]);
  t.strictSame(table.describe(id), { vlans: [300, 7], tunnel: 'gre' });
  t.strictSame(table.describe(table.intern([{ kind: 'vxlan', value: 0 }])), { vlans: [], tunnel: 'vxlan', vni: 0 });
});

t.test('an id that was never given has no steps', async (t) => {
  t.strictSame(new Encapsulations().steps(99), []);
});

t.test('the table stops growing at its limit and counts what it left out', async (t) => {
  const table = new Encapsulations();
  for (let vni = 0; vni < MAX_ENCAPSULATIONS + 9; vni += 1) table.enter(0, 'vxlan', vni);
  t.equal(table.size, MAX_ENCAPSULATIONS);
  t.equal(table.overflows, 10);
  t.strictSame(table.describe(table.enter(0, 'vxlan', 5)), { vlans: [], tunnel: 'vxlan', vni: 5 });
  t.equal(table.enter(0, 'vxlan', 0xff_ffff), 0);
});
