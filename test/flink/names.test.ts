import fc from 'fast-check';
import t from 'tap';
import { Names } from '../../src/flink/names.ts';

t.test('prefers what was told to what is configured to what was learned', (t) => {
  const names = new Names();
  names.give('10.0.0.1', 'seen', 'learned', 'jobmanager');
  t.equal(names.memberOf('10.0.0.1'), 'seen');
  names.give('10.0.0.1', 'set', 'configured');
  t.equal(names.memberOf('10.0.0.1'), 'set');
  names.give('10.0.0.1', 'said', 'told');
  t.equal(names.memberOf('10.0.0.1'), 'said');
  t.end();
});

t.test('follows names of names once, in circles too', (t) => {
  const names = new Names();
  names.give('10.0.0.1', 'A', 'told');
  names.give('a', 'b', 'learned');
  names.give('b', 'a', 'learned');
  t.same([...names.aliases('10.0.0.1')].sort(), ['10.0.0.1', 'a', 'b']);
  t.same([...names.aliases('A')].sort(), ['10.0.0.1', 'a', 'b']);
  t.end();
});

t.test('does not spread the names of one address to another of the same name', (t) => {
  const names = new Names();
  names.give('10.0.0.1', 'service', 'learned');
  names.give('10.0.0.2', 'service', 'learned');
  names.give('10.0.0.2', 'pod-2', 'told');
  t.equal(names.memberOf('10.0.0.1'), 'service');
  t.equal(names.memberOf('10.0.0.2'), 'pod-2');
  t.end();
});

t.test('answers for any names without end', (t) => {
  const host = fc.constantFrom('10.0.0.1', '10.0.0.2', 'a', 'b', 'c', '');
  fc.assert(
    fc.property(fc.array(fc.tuple(host, host), { maxLength: 40 }), (pairs) => {
      const names = new Names();
      for (const [from, to] of pairs) names.give(from, to, 'learned');
      return names.aliases('a').includes('a') && names.memberOf('c') !== '';
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test('an address that another process has got is called by its name, whichever was learned first', (t) => {
  const names = new Names();
  const give = (name: string, from: number, until: number): void =>
    names.give('10.1.2.7', name, 'learned', 'taskmanager', { from, until });
  give('tm-1-1', 100, 200);
  give('tm-1-9', 300, 310);
  t.equal(names.memberOf('10.1.2.7'), 'tm-1-9');
  give('10-1-2-7.flink', 305, 500);
  t.equal(names.memberOf('10.1.2.7'), 'tm-1-9', 'what it is called besides does not replace it');
  give('tm-1-1', 100, 200);
  t.equal(names.memberOf('10.1.2.7'), 'tm-1-9', 'what was known is told again');
  give('tm-1-1', 320, 400);
  t.equal(names.memberOf('10.1.2.7'), 'tm-1-1', 'both are there: the first');
  t.end();
});

t.test('names that were told outweigh any that were heard later; of endless ones those of the present stay', (t) => {
  const names = new Names();
  names.give('10.1.2.7', 'said', 'told');
  for (let pod = 0; pod < 100; pod++) {
    for (const host of ['10.1.2.7', '10.1.2.8'])
      names.give(host, `tm-${pod}.${host}`, 'learned', 'taskmanager', { from: pod * 1000, until: pod * 1000 + 500 });
  }
  t.equal(names.memberOf('10.1.2.7'), 'said');
  t.equal(names.memberOf('10.1.2.8'), 'tm-99.10.1.2.8');
  t.ok(names.aliases('10.1.2.8').length <= 17);
  t.end();
});
