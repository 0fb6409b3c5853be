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
